"""One image: what it is, how it is read, prepared, changed and shown. Knows no set and no torch."""

from doppelscan.images.image import Image

__all__ = ["Image"]
