"""Kinds of evidence that an image copies another: each names training images and says how like they are."""

from doppelscan.audit.witnesses.aligned import Aligned
from doppelscan.audit.witnesses.correlated import Correlated, Posed
from doppelscan.audit.witnesses.points import Points
from doppelscan.audit.witnesses.tiles import Tiles
from doppelscan.audit.witnesses.witness import Exclude, Kind, Matcher, Witness

__all__ = ["Aligned", "Correlated", "Exclude", "Kind", "Matcher", "Points", "Posed", "Tiles", "Witness"]
