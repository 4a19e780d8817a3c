"""Many images of many patients: found, named, kept, split. Knows no torch."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.imagesets.imageset import ImageSet, Unreadable
    from doppelscan.imagesets.opening import open_images
    from doppelscan.imagesets.saving import save
    from doppelscan.imagesets.splitting import split

__all__ = ["ImageSet", "Unreadable", "open_images", "save", "split"]

_HOMES = {
    "ImageSet": "imageset",
    "Unreadable": "imageset",
    "open_images": "opening",
    "save": "saving",
    "split": "splitting",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
