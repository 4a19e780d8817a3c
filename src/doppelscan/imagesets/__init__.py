"""Many images of many patients: found, named, kept, split. Knows no torch."""

from doppelscan.imagesets.imageset import ImageSet, Unreadable
from doppelscan.imagesets.opening import open_images
from doppelscan.imagesets.saving import save
from doppelscan.imagesets.splitting import split

__all__ = ["ImageSet", "Unreadable", "open_images", "save", "split"]
