"""What was a published network trained to see? Size and scale of its images, from the folder's own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from doppelscan.encoders.published import unusable
from doppelscan.store import parse_json

__all__ = ["SSCD_LOOK", "Look", "look_of"]

_FILES = ("preprocessor_config.json", "processor_config.json")  # the latter by transformers 5
_BILINEAR = 2  # as the Python Imaging Library counts
_Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Squares of `side` pixels, between 0 and 1, less `mean`, over `deviation`."""

    side: int
    mean: _Colour
    deviation: _Colour
    resampling: Literal["bilinear", "bicubic"] = "bicubic"


SSCD_LOOK = Look(320, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear")


def look_of(folder: Path) -> Look:
    """The look that the folder's `preprocessor_config.json` tells.

    The square that the network is trained on is taken as the size of the whole image: what its own
    processor would cut off may be the copied part.

    Raises
    ------
    InputError
        If there is no such file, or size, mean or deviation are not in it: no guess is made.
    """
    for file in (folder / name for name in _FILES):
        if file.is_file():
            return _read(file)
    raise unusable(str(folder), f"has no {_FILES[0]}, which says how images are shown to the network")


def _read(file: Path) -> Look:
    try:
        config = parse_json(file.read_bytes())
        config = config.get("image_processor", config)
        return Look(
            side=_side(config),
            mean=_colour(config, "image_mean", 0.0),
            deviation=_colour(config, "image_std", 1.0),
            resampling="bilinear" if config.get("resample") == _BILINEAR else "bicubic",
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(str(file), f"does not say how images are shown to the network: {error!r}") from error


def _side(config: Mapping[str, Any]) -> int:
    """The side of the crop or, where nothing is cropped, of the image."""
    cropped = config.get("do_center_crop", True) and config.get("crop_size")
    size = cropped or config["size"]
    return int(size if isinstance(size, int) else size.get("height") or size["shortest_edge"])


def _colour(config: Mapping[str, Any], name: str, otherwise: float) -> _Colour:
    """Three numbers; those that change nothing where images are not normalised."""
    if not config.get("do_normalize", True):
        return (otherwise,) * 3
    red, green, blue = map(float, config[name])
    return red, green, blue
