"""What a PNG, JPEG or BMP holds. Pillow decodes 8 bits; a PNG of 16 goes to OpenCV."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits, opencv, raster
from doppelscan.images.formats.bounded import Bounded
from doppelscan.images.formats.entry import Entry
from doppelscan.images.image import Image

__all__ = ["entries", "opened", "read", "samples"]

_FORMATS = ("PNG", "JPEG", "BMP")
_DECODED_AS = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBX": "RGB",
    "RGBA": "RGBA",
    "CMYK": "RGB",
    "YCbCr": "RGB",
}
_TRANSPARENT = {"L": "LA", "RGB": "RGBA"}
_ORIENTATION = 0x0112
_MANY_PIXELS, _MOST_SCANS = 2**20, 100


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """The one image of the file, from its header."""
    with opened(path, _FORMATS) as picture:
        if picture.format == "PNG" and getattr(picture, "is_animated", False):
            raise UnreadableImage("an animation, not an image")
        height, width = picture.height, picture.width
        if _orientation(picture) in raster.TURNED:
            height, width = width, height
        if (colour := _colour_of_wide_png(picture)) is not None:
            return [Entry(str(path), None, (3 if colour & 2 else 1, height, width), "uint16")]
        channels = 1 if _decoded_as(picture.mode).startswith("L") else 3
        return [Entry(str(path), None, (channels, height, width), "uint8")]


def read(entry: Entry) -> Image:
    """The pixels: upright, grey in one channel, colour in three, what is transparent composited on black."""
    path = Path(entry.file)
    with opened(path, _FORMATS) as picture:
        orientation = _orientation(picture)
        colour = _colour_of_wide_png(picture)
        found = samples(picture) if colour is None else _wide_samples(path, colour)
    return Image(raster.channels_first(raster.upright(found, orientation)))


@contextlib.contextmanager
def opened(path: Path, formats: tuple[str, ...]) -> Iterator[PIL.Image.Image]:
    """The picture with its header read and none of its pixels; too large a one is refused."""
    try:
        with (
            Bounded(path) as file,
            PIL.Image.open(file, formats=formats) as picture,
        ):  # Pillow may leave it open
            limits.check_shape((1, picture.height, picture.width))
            if picture.format == "JPEG":
                _check_scans(path, picture.height * picture.width)
            yield picture
    except PIL.Image.DecompressionBombError as error:
        raise UnreadableImage(f"too large: {error}") from error


def _check_scans(path: Path, n_pixels: int) -> None:
    """Refuse a JPEG that goes over its pixels again and again: a small file may keep the decoder busy for hours."""
    if n_pixels > _MANY_PIXELS and (scans := path.read_bytes().count(b"\xff\xda")) > _MOST_SCANS:
        raise UnreadableImage(f"goes over its pixels {scans:,} times, which no film needs")


def samples(picture: PIL.Image.Image) -> NDArray[Any]:
    """The 8-bit samples of an opened picture: (rows, columns, 1) if grey, else (rows, columns, 3)."""
    mode = _decoded_as(picture.mode)
    if "transparency" in picture.info:
        mode = _TRANSPARENT.get(mode, mode)
    found = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    if mode.endswith("A"):
        return raster.on_black(found)
    return np.atleast_3d(found)


def _decoded_as(mode: str) -> str:
    if mode not in _DECODED_AS:
        raise UnreadableImage(f"its colours are of Pillow's mode {mode}, which is not read")
    return _DECODED_AS[mode]


def _orientation(picture: PIL.Image.Image) -> int:
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1  # asking Pillow for it would decode the whole picture
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except (OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1  # a damaged EXIF block says nothing of the pixels


def _colour_of_wide_png(picture: PIL.Image.Image) -> int | None:
    """The colour type (bit 2: colours, bit 4: opacity) of an opened PNG of 16 bits; None of any other file."""
    file = cast("PIL.ImageFile.ImageFile", picture).fp
    if picture.format != "PNG" or file is None:
        return None
    position = file.tell()
    file.seek(0)
    head = file.read(26)
    file.seek(position)
    return head[25] if head[24] == 16 else None


def _wide_samples(path: Path, colour: int) -> NDArray[Any]:
    found = np.atleast_3d(opencv.samples(path))
    if colour & 4:
        found = raster.on_black(found)
    return found if colour & 2 else found[..., :1]
