"""How the images of a set are made comparable before they are scored: fixed steps, as plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

import pydantic

from doppelscan.errors import InputError, Problem
from doppelscan.images import steps
from doppelscan.images.channels import Channels, with_channels
from doppelscan.images.geometry import Fit
from doppelscan.images.image import Image
from doppelscan.images.intensity import by_maximum, by_percentiles, by_window
from doppelscan.images.slices import Plane
from doppelscan.images.steps import Piece

__all__ = ["PRESETS", "Intensity", "Piece", "Preparation", "parse_size"]

Intensity = Literal["none", "percentile", "window", "max"]


@dataclass(frozen=True)
class Preparation:
    """Settings that make images comparable. The steps run in the order of the attributes.

    Attributes
    ----------
    channels
        "keep"; "grey" (luma of three, ITU-R BT.601); "rgb" (one repeated); or the channels to take, from 0.
    spacing_mm
        Resample to this distance of pixels along every axis.
    intensity
        "none" keeps the stored values and their type. The others give uint8, over the whole volume and each
        channel by itself: "percentile" between two `percentiles`, "window" over (centre, width), "max" from
        0 to the largest value (paper A).
    slices
        Cut a volume into the slices of this plane. A slice is kept if more than `min_foreground` of its
        pixels exceed `foreground_above` in channel `foreground_channel`; `min_foreground=0` keeps all.
    size
        Pixels along each axis of what is left, one number for all axes: reached by "stretch", or with the
        aspect ratio kept by "pad" or "crop".
    crop_or_pad
        Cropped or padded about the centre to this shape, pixels unchanged.

    What is padded has the lowest value of its channel. Values that are not finite are refused before, by
    `intensity.check_finite`.
    """

    channels: Channels = "keep"
    spacing_mm: float | None = None
    intensity: Intensity = "none"
    percentiles: tuple[float, float] = (0.5, 99.5)
    window: tuple[float, float] | None = None
    slices: Plane | None = None
    min_foreground: float = 0.0
    foreground_above: float = 0.0
    foreground_channel: int = 0
    size: tuple[int, ...] | None = None
    fit: Fit = "stretch"
    crop_or_pad: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        problems = [Problem(what, where="preparation") for what in _contradictions(self)]
        if problems:
            raise InputError(problems)

    @property
    def is_identity(self) -> bool:
        """Whether every image stays as it is."""
        steps_taken = (self.spacing_mm, self.slices, self.size, self.crop_or_pad)
        return steps_taken == (None,) * 4 and self.channels == "keep" and self.intensity == "none"

    def apply(self, image: Image) -> list[Piece]:
        """The image prepared, or those of its slices that are kept.

        Raises
        ------
        UnreadableImage
            If the image lacks what a step needs: an axis, a channel, its spacing.
        """
        image = with_channels(image, self.channels)
        if self.spacing_mm is not None:
            image = steps.at_spacing(image, self.spacing_mm)
        return [replace(piece, image=self._framed(piece.image)) for piece in self._cut(self._scaled(image))]

    def stretch(self, shape: tuple[int, ...]) -> tuple[float, ...] | None:
        """By which factor each axis of an image of shape (c, *space) is made longer than its first; None if by none.

        Where an image is cut or resampled before, its proportions are another matter.

        Examples
        --------
        >>> Preparation(size=(64,)).stretch((1, 32, 32)), Preparation(size=(64,)).stretch((1, 100, 200))
        ((1.0, 1.0), (1.0, 0.5))
        """
        space, before = shape[1:], (self.slices, self.spacing_mm)
        if self.size is None or self.fit != "stretch" or any(before) or len(self.size) not in {1, len(space)}:
            return None
        frame = self.size * len(space) if len(self.size) == 1 else self.size
        return tuple(round(new / old * space[0] / frame[0], 3) for new, old in zip(frame, space, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them, so that a record stays true when a default changes."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Preparation:
        """The preparation of these plain values; what is absent has its default.

        Raises
        ------
        InputError
            If a name is unknown, or a value is of the wrong kind or contradicts another: all of them at once.
        """
        problems = [*_unknown_names(data), *_wrong_kinds(data)]
        if problems:
            raise InputError(problems)
        return _KINDS.validate_python(dict(data))

    def _scaled(self, image: Image) -> Image:
        if self.intensity == "percentile":
            return by_percentiles(image, *self.percentiles)
        if self.intensity == "window" and self.window is not None:
            return by_window(image, *self.window)
        return by_maximum(image) if self.intensity == "max" else image

    def _cut(self, image: Image) -> list[Piece]:
        if self.slices is None:
            return [Piece(None, image)]
        rule = steps.Foreground(self.min_foreground, self.foreground_above, self.foreground_channel)
        return steps.sliced(image, self.slices, rule)

    def _framed(self, image: Image) -> Image:
        if self.size is not None:
            image = steps.at_size(image, self.size, self.fit)
        return image if self.crop_or_pad is None else steps.framed(image, self.crop_or_pad)


def parse_size(text: str) -> tuple[int, ...]:
    """The pixels along each axis that `256` (all axes) or `256x256x32` names; of any other text an InputError.

    Examples
    --------
    >>> parse_size("256"), parse_size("256x256x32")
    ((256,), (256, 256, 32))
    """
    if not re.fullmatch(r"\s*[1-9]\d*(\s*x\s*[1-9]\d*){0,2}\s*", text, re.IGNORECASE | re.ASCII):
        raise InputError(Problem(f"{text!r} is not a size", where="--size", cure="write 256 or 256x256x32"))
    return tuple(int(length) for length in text.lower().split("x"))


def _unknown_names(data: Mapping[str, Any]) -> Iterator[Problem]:
    known = [field.name for field in fields(Preparation)]
    for name in sorted(set(data) - set(known)):
        yield Problem(f"knows no {name!r}", where="preparation", cure=f"it has {', '.join(known)}")


def _wrong_kinds(data: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        _KINDS.validate_python(dict(data))
    except pydantic.ValidationError as error:
        for name in dict.fromkeys(problem["loc"][0] for problem in error.errors()):
            yield Problem(f"{name} cannot be {data[str(name)]!r}", where="preparation")
    except InputError as error:
        yield from error.problems


def _contradictions(preparation: Preparation) -> Iterator[str]:
    p = preparation
    if p.channels == () or (isinstance(p.channels, tuple) and min(p.channels) < 0):
        yield f"channels are counted from 0, not {p.channels}"
    if p.spacing_mm is not None and not 0 < p.spacing_mm < float("inf"):
        yield f"spacing_mm is a length, not {p.spacing_mm}"
    yield from _contradictions_of_intensity(p)
    yield from _contradictions_of_slices(p)
    for name, shape in (("size", p.size), ("crop_or_pad", p.crop_or_pad)):
        if shape is not None and not (1 <= len(shape) <= 3 and min(shape) >= 1):
            yield f"{name} is one to three lengths of at least 1, not {shape}"


def _contradictions_of_intensity(p: Preparation) -> Iterator[str]:
    if not 0 <= p.percentiles[0] < p.percentiles[1] <= 100:
        yield f"percentiles rise from 0 to 100, not {p.percentiles}"
    if (p.intensity == "window") != (p.window is not None):
        yield f"intensity {p.intensity!r} and window {p.window} do not go together"
    if p.window is not None and not p.window[1] > 0:
        yield f"a window has a centre and a width above 0, not {p.window}"


def _contradictions_of_slices(p: Preparation) -> Iterator[str]:
    if not 0 <= p.min_foreground < 1:
        yield f"min_foreground is a share, not {p.min_foreground}"
    if p.min_foreground > 0 and p.slices is None:
        yield "min_foreground chooses among slices, but slices is None"
    if p.foreground_channel < 0:
        yield f"foreground_channel is counted from 0, not {p.foreground_channel}"


_KINDS = pydantic.TypeAdapter(Preparation)

PRESETS: Mapping[str, Preparation] = MappingProxyType(
    {
        "akbar": Preparation(
            intensity="max",
            slices="axial",
            min_foreground=0.15,
            foreground_above=50.0,
            crop_or_pad=(256, 256),
        ),
    }
)
