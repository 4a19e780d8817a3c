"""Small sets of films whose truth is known, fast to make: anatomy from a few smooth factors, by patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import ndimage

from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream

SIDE = 20


def films(n_patients: int, *, first: int = 0, each: int = 1, side: int = SIDE, seed: int = 0) -> ImageSet:
    """`each` films of every patient, (1, side, side) uint8; films of a patient share most of their anatomy."""
    pixels, rows = [], []
    common = _field(seed, "species", side, 4.0)
    for patient in range(first, first + n_patients):
        own = _field(seed, f"patient {patient}", side, 2.0)
        for film in range(each):
            noise = _field(seed, f"film {patient} {film}", side, 1.0)
            image = 1.2 * common + own + 0.35 * noise
            pixels.append(np.clip(128 + 32 * image, 0, 255).astype(np.uint8)[None])
            rows.append({"id": f"p{patient}-{film}.png", "patient": f"p{patient}"})
    return ImageSet.from_arrays(np.stack(pixels), pd.DataFrame(rows), name="films")


def noisy_copies(images: ImageSet, positions: list[int], *, noise: float = 8.0, seed: int = 0) -> np.ndarray:
    """These images with normal noise of this many grey levels."""
    chance = stream(seed, "noise")
    source = np.stack([images[position].pixels for position in positions]).astype(float)
    return np.clip(source + chance.normal(0, noise, source.shape), 0, 255).astype(np.uint8)


def joined(*parts: np.ndarray) -> ImageSet:
    """A synthetic set of these images, one part after the other."""
    return ImageSet.from_arrays(np.concatenate(parts), name="synthetic")


def pixels_of(images: ImageSet) -> np.ndarray:
    """All pixels of a set."""
    return images.read(0, len(images))


def _field(seed: int, name: str, side: int, blur: float) -> np.ndarray:
    """Smooth normal noise of unit deviation."""
    rough = stream(seed, "films", name).standard_normal((side, side))
    smooth = ndimage.gaussian_filter(rough, blur, mode="wrap")
    return (smooth - smooth.mean()) / smooth.std()
