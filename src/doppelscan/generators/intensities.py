"""How do pixels of any type become numbers in [-1, 1], and back? By the range of each channel over the set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped

from doppelscan.encoders.shades import refuse_unless_finite
from doppelscan.images.numbers import as_dtype
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

__all__ = ["Intensities", "block_length"]


@dataclass(frozen=True)
class Intensities:
    """The least and the largest value of each channel in a training set, and the type of its pixels."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: str

    @staticmethod
    def of(images: ImageSet, resources: Resources) -> Intensities:
        """The range of these images.

        Raises
        ------
        InputError
            If they differ in shape, or a pixel is NaN, infinite or no real number.
        """
        n_channels, size = images.shape[0], block_length(images.shape, resources)
        low, high = np.full(n_channels, np.inf), np.full(n_channels, -np.inf)
        for start in range(0, len(images), size):
            block = images.read(start, min(start + size, len(images)))
            refuse_unless_finite(block)
            others = (0, *range(2, block.ndim))
            low = np.minimum(low, block.min(axis=others).astype(np.float64))
            high = np.maximum(high, block.max(axis=others).astype(np.float64))
        return Intensities(tuple(low.tolist()), tuple(high.tolist()), str(block.dtype))

    def scaled(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[torch.Tensor, "n c *space"]:
        """The pixels in [-1, 1] where they are within the range; a constant channel is 0."""
        low, width = self._low_and_width(pixels.ndim)
        unit = (pixels - low) / np.where(width > 0, width, 1.0)
        return torch.from_numpy(np.where(width > 0, 2 * unit - 1, 0.0).astype(np.float32))

    def scaled_bytes(self, pixels: torch.Tensor) -> Float32[torch.Tensor, "n c *space"]:
        """The same for 8-bit pixels on the device."""
        low, width = (
            torch.from_numpy(part).float().to(pixels.device) for part in self._low_and_width(pixels.ndim)
        )
        slope = torch.where(width > 0, 2 / width.clamp(min=1e-30), 0.0)
        return (pixels.float() - low) * slope - (width > 0).float()

    def restored(self, values: Float[torch.Tensor, "n c *space"]) -> Shaped[np.ndarray, "n c *space"]:
        """Images in the type and range of the training set; what is beyond is cut off."""
        low, width = self._low_and_width(values.ndim)
        unit = (values.detach().cpu().double().clamp(-1, 1).numpy() + 1) / 2
        return as_dtype(low + unit * width, np.dtype(self.dtype))

    def _low_and_width(self, n_dims: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (1, -1) + (1,) * (n_dims - 2)
        low = np.array(self.low)
        return low.reshape(shape), (np.array(self.high) - low).reshape(shape)


def block_length(shape: tuple[int, ...], resources: Resources) -> int:
    """How many images fit in an eighth of the memory in float64, at least one."""
    return max(1, resources.memory // 8 // (8 * math.prod(shape)))
