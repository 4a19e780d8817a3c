"""What is done to the copies that audits plant in themselves: a public list of transforms and strengths.

No encoder may be trained with this code or these strengths: the power that an audit measures with them would
flatter it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import Float, Shaped
from scipy import ndimage

from doppelscan.errors import InputError, Problem
from doppelscan.images import warps
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["STANDARD", "Transform", "by_name"]

Values = Float[np.ndarray, "c *space"]


@dataclass(frozen=True)
class Transform:
    """A named change of an image at one strength; `unit` says what the strength measures."""

    name: str
    strength: float
    unit: str

    def __call__(
        self, pixels: Shaped[np.ndarray, "c *space"], rng: np.random.Generator
    ) -> Shaped[np.ndarray, "c *space"]:
        """The image changed, in its own type, rounded and clipped to it; a constant image stays as it is."""
        if pixels.min() == pixels.max():
            return pixels.copy()
        changed = _CHANGES[self.name](as_float(pixels), self.strength, rng)
        return np.array(as_dtype(changed, pixels.dtype), order="C")


STANDARD: tuple[Transform, ...] = (
    Transform("exact", 0.0, "nothing is changed"),
    Transform("noise", 0.2, "standard deviation, as a share of the channel's own"),
    Transform("blur", 0.01, "standard deviation, as a share of the longest side"),
    Transform("flip", 1.0, "left and right exchanged"),
    Transform("rotation", 15.0, "largest angle in degrees, either way"),
    Transform("shift", 0.06, "largest shift along each axis, as a share of it"),
    Transform("zoom", 0.2, "largest zoom, in or out, as a share"),
    Transform("gamma", 1.6, "largest exponent; the smallest is one over it"),
    Transform("elastic", 0.015, "typical shift of a pixel, as a share of the longest side"),
    Transform("combined", 0.5, "share of the strengths of rotation, shift, zoom, gamma and noise"),
)


def by_name(names: Iterable[str]) -> tuple[Transform, ...]:
    """The standard transforms of these names, in this order; InputError names all that are unknown."""
    listed = {transform.name: transform for transform in STANDARD}
    wanted = tuple(names)
    problems = [
        Problem(f"knows no transform {name!r}", cure=f"choose from {', '.join(listed)}")
        for name in wanted
        if name not in listed
    ]
    if problems:
        raise InputError(problems)
    return tuple(listed[name] for name in wanted)


def _exact(values: Values, _strength: float, _rng: np.random.Generator) -> Values:
    return values


def _noise(values: Values, share: float, rng: np.random.Generator) -> Values:
    """Normal noise; by its strength alone, the copy correlates with its source by 1 / sqrt(1 + share**2)."""
    deviation = values.std(axis=_space(values), keepdims=True)
    return np.asarray(values + share * deviation * rng.standard_normal(values.shape, values.dtype.type))


def _blur(values: Values, share: float, _rng: np.random.Generator) -> Values:
    sigma = share * max(values.shape[1:])
    if values.ndim == 3:
        size = 2 * int(4 * sigma + 0.5) + 1  # cut off where SciPy does
        blurred = [
            cv2.GaussianBlur(channel, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
            for channel in np.ascontiguousarray(values)
        ]
        return np.stack(blurred)
    return np.asarray(ndimage.gaussian_filter(values, sigma, mode="nearest", axes=_space(values)))


def _flip(values: Values, _strength: float, _rng: np.random.Generator) -> Values:
    """Left and right exchanged: the columns of a film, the first axis of a volume."""
    return np.flip(values, axis=2 if values.ndim == 3 else 1)


def _rotation(values: Values, degrees: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.rotation(values.ndim - 1, degrees, rng))


def _shift(values: Values, share: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.shift(values.shape[1:], share, rng))


def _zoom(values: Values, share: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.zoom(values.ndim - 1, share, rng))


def _gamma(values: Values, largest: float, rng: np.random.Generator) -> Values:
    """Each channel, in 0 to 1 over its range, to the power of one exponent."""
    exponent = largest ** rng.uniform(-1, 1)
    low = values.min(axis=_space(values), keepdims=True)
    width = np.ptp(values, axis=_space(values), keepdims=True)
    return np.asarray(low + width * ((values - low) / np.where(width > 0, width, 1)) ** exponent)


def _combined(values: Values, share: float, rng: np.random.Generator) -> Values:
    """A flip by chance; one affine map of rotation, shift and zoom; gamma; noise."""
    full = {transform.name: transform.strength for transform in STANDARD}
    n_axes = values.ndim - 1
    turn = warps.rotation(n_axes, share * full["rotation"], rng)
    move = warps.shift(values.shape[1:], share * full["shift"], rng)
    values = _flip(values, 1.0, rng) if rng.random() < 0.5 else values
    values = warps.warp(values, warps.zoom(n_axes, share * full["zoom"], rng).after(move).after(turn))
    values = _gamma(values, full["gamma"] ** share, rng)
    return _noise(values, share * full["noise"], rng)


def _space(values: Values) -> tuple[int, ...]:
    return tuple(range(1, values.ndim))


_CHANGES: Mapping[str, Callable[[Values, float, np.random.Generator], Values]] = MappingProxyType(
    {
        "exact": _exact,
        "noise": _noise,
        "blur": _blur,
        "flip": _flip,
        "rotation": _rotation,
        "shift": _shift,
        "zoom": _zoom,
        "gamma": _gamma,
        "elastic": warps.elastic,
        "combined": _combined,
    }
)
