"""What one image is: pixels, channels first, and how they are read as values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

__all__ = ["Image"]


@dataclass(frozen=True)
class Image:
    """One image of two or three spatial axes.

    `stored` holds the pixels as the file has them (c, *space), in the file's own type. Axes of space run
    (rows, columns) for a film or slice and (x, y, z), towards right, anterior, superior, for a volume
    whose orientation is known. `spacing_mm` is the distance of neighbouring pixels along each axis of
    space, None where the file does not say. A value is `slope * stored + intercept` (DICOM PS3.3 C.7.6.16).
    """

    stored: Shaped[np.ndarray, "c *space"]
    spacing_mm: tuple[float, ...] | None = None
    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        assert self.stored.ndim in (3, 4), f"channels and two or three axes of space, not {self.stored.shape}"
        assert self.spacing_mm is None or len(self.spacing_mm) == self.stored.ndim - 1, self.spacing_mm

    @property
    def pixels(self) -> Shaped[np.ndarray, "c *space"]:
        """The values: the stored pixels themselves, or float32 where there is a slope or an intercept."""
        if self.slope == 1 and self.intercept == 0:
            return self.stored
        return self.stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)

    def _repr_png_(self) -> bytes:
        """The image as a notebook shows it."""
        from doppelscan.images.montage import picture, png

        return png(picture(self.pixels, spacing_mm=self.spacing_mm))

    @property
    def space(self) -> tuple[int, ...]:
        """The number of pixels along each axis of space."""
        return tuple(self.stored.shape[1:])
