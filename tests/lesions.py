"""Lesions to grant, to test on, and to play the generator: new ones, copies, and ones whose labels are chance."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.phantoms import skin
from doppelscan.seeds import stream

CLASSES = ("melanoma", "nevus", "psoriasis")


def lesions(n: int, first: int, *, size: int = 24, signal: float = 1.0) -> ImageSet:
    """`n` phantoms of three classes from patient number `first` on."""
    cohort = skin(n, size=size, first_patient=first, classes=CLASSES, signal=signal)
    return ImageSet.from_arrays(cohort.pixels, cohort.table, name="lesions")


def relabelled(images: ImageSet) -> ImageSet:
    """The images, their labels shuffled."""
    labels = stream(0, "noise").permutation(images.table["label"].to_numpy())
    return ImageSet.from_arrays(images.read(0, len(images)), images.table.assign(label=labels), name="noise")


def nearly(images: ImageSet) -> ImageSet:
    """The images with a grain that no eye sees; each names its source."""
    pixels = images.read(0, len(images)).astype(np.float64)
    grained = np.clip(pixels + stream(0, "grain").normal(0, 1, pixels.shape), 0, 255).astype(np.uint8)
    table = images.table.assign(source_id=images.table["id"], id="copy-" + images.table["id"])
    return ImageSet.from_arrays(grained, table, name="copies")
