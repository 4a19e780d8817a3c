"""How pixels of any type are computed with: as floats that hold them exactly, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

__all__ = ["as_dtype", "as_float"]


def as_float(pixels: Shaped[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The pixels as float32 where it holds the type's values exactly (up to 16 bits), else as float64."""
    narrow = pixels.dtype.itemsize <= 2 or pixels.dtype == np.float32
    return pixels.astype(np.float32 if narrow else np.float64, copy=False)


def as_dtype(values: Float[np.ndarray, "*shape"], dtype: np.dtype[Any]) -> Shaped[np.ndarray, "*shape"]:
    """The values in `dtype`: integers rounded and clipped to their range, bools true above one half."""
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    if dtype.kind == "b":
        return np.asarray(values > 0.5)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return np.asarray(np.clip(np.rint(values), low, _at_most(high, values.dtype)).astype(dtype))


def _at_most(limit: int, dtype: np.dtype[Any]) -> Any:
    """The largest float that is not above `limit`: 2**63 - 1 itself is no float64."""
    nearest = dtype.type(limit)
    return nearest if int(nearest) <= limit else np.nextafter(nearest, dtype.type(0))
