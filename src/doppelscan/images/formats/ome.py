"""What does the metadata of an OME-Zarr image say? Which array is the largest, its axes, how far apart pixels lie.

Versions 0.4 (Zarr 2) and 0.5 (Zarr 3) of OME-NGFF, and 0.3, whose axes are mere names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doppelscan.errors import UnreadableImage

__all__ = ["Multiscale", "multiscale_of"]

_KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
_MM = {
    "angstrom": 1e-7,
    "nanometer": 1e-6,
    "micrometer": 1e-3,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "decimeter": 100.0,
    "meter": 1e3,
    "inch": 25.4,
    "foot": 304.8,
}
_OTHER = {
    "plate": "an OME-Zarr plate, not an image: name the images of its wells, such as A/1/0",
    "well": "an OME-Zarr well, not an image: name its images, such as 0",
    "image-label": "a map of labels, not an image",
    "labels": "a list of maps of labels, not an image",
    "bioformats2raw.layout": "a series of images: name them, such as 0",
}


@dataclass(frozen=True)
class Multiscale:
    """The array of the largest size, relative to the group; its axes in order, `t`, `c`, `z`, `y`, `x` or some of them.

    `spacing_mm` is that of each axis of space, in that order; None where their scale or unit is not told.
    """

    path: str
    axes: str
    spacing_mm: tuple[float, ...] | None


def multiscale_of(attributes: Mapping[str, Any]) -> Multiscale | None:
    """The image that a group's attributes describe; None where they are none of OME's.

    Raises
    ------
    UnreadableImage
        If they describe something else than an image, several images, or are damaged.
    """
    said = attributes.get("ome", attributes)
    if not isinstance(said, Mapping):
        return None
    for name, what in _OTHER.items():
        if name in said:
            raise UnreadableImage(what)
    if "multiscales" not in said:
        return None
    try:
        (image,) = said["multiscales"]
        axes = _axes(image["axes"])
        largest = image["datasets"][0]
        scales = [_scale(one, len(axes)) for one in (largest, image)]
        return Multiscale(_inner(largest["path"]), axes, _spacing(image["axes"], axes, scales))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableImage(f"its OME metadata is damaged: {error}") from error


def _axes(said: Sequence[Any]) -> str:
    """The axes, one letter each."""
    names = "".join(_name(one) for one in said)
    if len(set(names)) < len(names) or not names.endswith("yx") or not set(names) <= set(_KINDS):
        raise UnreadableImage(f"its axes are {', '.join(names)}: only t, c, z before y, x are read")
    return names


def _name(axis: Any) -> str:
    """An axis by its letter, whatever it is called where its type tells it."""
    if isinstance(axis, str):
        return axis.lower()
    name, kind = str(axis["name"]).lower(), axis.get("type")
    if kind in {"time", "channel"}:
        return str(kind)[0]
    return name if kind is None or kind == _KINDS.get(name) else "?"


def _inner(path: Any) -> str:
    """A path within the group, and never out of it."""
    parts = str(path).split("/")
    if not isinstance(path, str) or any(
        part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts
    ):
        raise ValueError(f"{path!r} is no path in the group")
    return path


def _scale(transformed: Mapping[str, Any], n_axes: int) -> list[float] | None:
    """What the pixels are multiplied by to be where they are, along each axis; None where that is not told."""
    told = [
        one["scale"] for one in transformed.get("coordinateTransformations", ()) if one.get("type") == "scale"
    ]
    if not told:
        return None
    scale = [float(one) for one in told[0]]
    if len(told) > 1 or len(scale) != n_axes or not all(math.isfinite(one) and one > 0 for one in scale):
        raise ValueError("its scale is not a number above 0 for each axis")
    return scale


def _spacing(
    said: Sequence[Any], axes: str, scales: Sequence[list[float] | None]
) -> tuple[float, ...] | None:
    of_dataset, of_all = scales
    if of_dataset is None:
        return None
    spacing = []
    for k, (name, axis) in enumerate(zip(axes, said, strict=True)):
        if name in "zyx":
            unit = _MM.get(axis.get("unit", "")) if isinstance(axis, Mapping) else None
            if unit is None:
                return None
            spacing.append(of_dataset[k] * (1.0 if of_all is None else of_all[k]) * unit)
    return tuple(spacing)
