"""How decoded samples of a picture become pixels: upright, on black, channels first."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import NDArray

__all__ = ["TURNED", "channels_first", "on_black", "upright"]

TURNED = frozenset({5, 6, 7, 8})
"""The orientations (EXIF 0x0112) that exchange rows and columns."""


def channels_first(
    samples: Shaped[np.ndarray, "rows columns *c"],
) -> Shaped[np.ndarray, "channels rows columns"]:
    """(c, rows, columns) of (rows, columns) or (rows, columns, c), in the machine's byte order."""
    native = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    layers = native[np.newaxis] if native.ndim == 2 else np.moveaxis(native, -1, 0)
    return np.ascontiguousarray(layers)


def upright(samples: Shaped[np.ndarray, "rows columns *c"], orientation: int) -> Shaped[np.ndarray, "h w *c"]:
    """The picture as it is to be seen, where `orientation` is EXIF's number for how it was stored."""
    if orientation in TURNED:
        samples = samples.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        samples = samples[::-1]
    if orientation in {2, 3, 6, 7}:
        samples = samples[:, ::-1]
    return samples


def on_black(samples: Shaped[np.ndarray, "rows columns c"]) -> Shaped[np.ndarray, "rows columns rest"]:
    """The picture without its last channel, the opacity: what lies behind is black.

    Where all is opaque the pixels are unchanged.
    """
    colours, opacity = samples[..., :-1], samples[..., -1:]
    full = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1
    if (opacity == full).all():
        return colours
    return _share(colours, opacity, full)


def _share(colours: NDArray[Any], opacity: NDArray[Any], full: int) -> NDArray[Any]:
    if colours.dtype.kind == "f":
        return np.asarray(colours * opacity)
    product = colours.astype(np.uint64) * opacity.astype(np.uint64)
    return np.asarray((product + full // 2) // full, colours.dtype)
