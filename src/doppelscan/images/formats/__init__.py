"""Readers: which images a file holds, and the pixels of each. One module opens each file library."""

from doppelscan.images.formats.doors import ABSENT, entries, read
from doppelscan.images.formats.entry import Entry, Frame, SliceOf
from doppelscan.images.formats.series import assemble

__all__ = ["ABSENT", "Entry", "Frame", "SliceOf", "assemble", "entries", "read"]
