"""What is done to the copies that audits plant in themselves: public lists of transforms and strengths.

No encoder may be trained with this code or these strengths: the power that an audit measures with them would
flatter it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.images import tones, warps
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["HARD", "STANDARD", "Transform", "by_name"]

Values = Float[np.ndarray, "c *space"]
Scale = Literal["amount", "factor", "loss", "none"]

_SCALED: Mapping[Scale, Callable[[float, float], float]] = MappingProxyType(
    {
        "amount": lambda strength, fraction: strength * fraction,
        "factor": lambda strength, fraction: strength**fraction,
        "loss": lambda strength, fraction: 1 - (1 - strength) ** fraction,
        "none": lambda strength, _fraction: strength,
    }
)


@dataclass(frozen=True)
class Transform:
    """A named change of an image at one strength; `unit` says what the strength measures.

    A transform that `needs_other` mixes an image with one of another patient. `scale` is how its strength
    grows: as an `amount`, as a `factor`, as a `loss` of what was there; `none` where there is no more or less.
    """

    name: str
    strength: float
    unit: str
    needs_other: bool = False
    scale: Scale = "amount"

    def __call__(
        self,
        pixels: Shaped[np.ndarray, "c *space"],
        rng: np.random.Generator,
        *,
        other: Shaped[np.ndarray, "c *space"] | None = None,
    ) -> Shaped[np.ndarray, "c *space"]:
        """The image changed, in its own type, rounded and clipped to it; a constant image stays as it is.

        `other` is looked at by transforms that need it, and by no other.
        """
        if pixels.min() == pixels.max():
            return pixels.copy()
        if self.needs_other:
            assert other is not None, f"{self.name} needs another image"
            changed = tones.blend(as_float(pixels), as_float(other), self.strength)
        else:
            changed = _CHANGES[self.name](as_float(pixels), self.strength, rng)
        return np.array(as_dtype(changed, pixels.dtype), order="C")

    @property
    def graded(self) -> bool:
        """Whether there is more or less of it."""
        return self.scale != "none"

    def at(self, fraction: float) -> Transform:
        """The change at a fraction of this strength: 0 changes nothing, 1 is this one, beyond 1 is stronger.

        An amount (degrees, shares, deviations) is multiplied; a factor, such as four times fewer pixels or half
        of the area, is raised to that power; of a loss, what is left is: done twice, a window that clips a
        third leaves 4/9. A change without degrees (a flip) stays as it is.

        Examples
        --------
        >>> [by_name([name])[0].at(2).strength for name in ("rotation", "downsampling", "crop", "flip")]
        [30.0, 16.0, 0.25, 1.0]
        """
        return replace(self, strength=_SCALED[self.scale](self.strength, fraction))


STANDARD: tuple[Transform, ...] = (
    Transform("exact", 0.0, "nothing is changed", scale="none"),
    Transform("noise", 0.2, "standard deviation, as a share of the channel's own"),
    Transform("blur", 0.01, "standard deviation, as a share of the longest side"),
    Transform("flip", 1.0, "left and right exchanged", scale="none"),
    Transform("rotation", 15.0, "largest angle in degrees, either way"),
    Transform("shift", 0.06, "largest shift along each axis, as a share of it"),
    Transform("zoom", 0.2, "largest zoom, in or out, as a share"),
    Transform("gamma", 1.6, "largest exponent; the smallest is one over it", scale="factor"),
    Transform("elastic", 0.015, "typical shift of a pixel, as a share of the longest side"),
    Transform("combined", 0.5, "share of the strengths of rotation, shift, zoom, gamma and noise"),
)

HARD: tuple[Transform, ...] = (
    Transform("strong_rotation", 45.0, "largest angle in degrees, either way"),
    Transform("quarter_turn", 1.0, "one, two or three quarter turns", scale="none"),
    Transform("crop", 0.5, "share of the area or volume that is left, enlarged to the whole", scale="factor"),
    Transform("strong_zoom", 0.5, "largest zoom, in or out, as a share"),
    Transform("strong_elastic", 0.03, "typical shift of a pixel, as a share of the longest side"),
    Transform("strong_noise", 0.6, "standard deviation, as a share of the channel's own"),
    Transform("downsampling", 4.0, "times fewer pixels along each axis, enlarged again", scale="factor"),
    Transform("inversion", 1.0, "black and white exchanged", scale="none"),
    Transform("clipping", 0.33, "share of the pixels that a window clips", scale="loss"),
    Transform("blend", 0.35, "share of another image", needs_other=True, scale="loss"),
)


def by_name(names: Iterable[str]) -> tuple[Transform, ...]:
    """The listed transforms of these names, in this order; InputError names all that are unknown."""
    listed = {transform.name: transform for transform in (*STANDARD, *HARD)}
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


def _flip(values: Values, _strength: float, _rng: np.random.Generator) -> Values:
    """Left and right exchanged: the columns of a film, the first axis of a volume."""
    return np.flip(values, axis=2 if values.ndim == 3 else 1)


def _rotation(values: Values, degrees: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.rotation(values.ndim - 1, degrees, rng))


def _quarter_turn(values: Values, _strength: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.quarter_turn(values.ndim - 1, rng))


def _shift(values: Values, share: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.shift(values.shape[1:], share, rng))


def _zoom(values: Values, share: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.zoom(values.ndim - 1, share, rng))


def _crop(values: Values, share: float, rng: np.random.Generator) -> Values:
    return warps.warp(values, warps.crop(values.shape[1:], share, rng))


def _combined(values: Values, share: float, rng: np.random.Generator) -> Values:
    """A flip by chance; one affine map of rotation, shift and zoom; gamma; noise."""
    full = {transform.name: transform.strength for transform in STANDARD}
    n_axes = values.ndim - 1
    turn = warps.rotation(n_axes, share * full["rotation"], rng)
    move = warps.shift(values.shape[1:], share * full["shift"], rng)
    values = _flip(values, 1.0, rng) if rng.random() < 0.5 else values
    values = warps.warp(values, warps.zoom(n_axes, share * full["zoom"], rng).after(move).after(turn))
    values = tones.gamma(values, full["gamma"] ** share, rng)
    return tones.noise(values, share * full["noise"], rng)


_CHANGES: Mapping[str, Callable[[Values, float, np.random.Generator], Values]] = MappingProxyType(
    {
        "exact": _exact,
        "noise": tones.noise,
        "blur": tones.blur,
        "flip": _flip,
        "rotation": _rotation,
        "shift": _shift,
        "zoom": _zoom,
        "gamma": tones.gamma,
        "elastic": warps.elastic,
        "combined": _combined,
        "strong_rotation": _rotation,
        "quarter_turn": _quarter_turn,
        "crop": _crop,
        "strong_zoom": _zoom,
        "strong_elastic": warps.elastic,
        "strong_noise": tones.noise,
        "downsampling": tones.downsampling,
        "inversion": tones.inversion,
        "clipping": tones.clipping,
    }
)
