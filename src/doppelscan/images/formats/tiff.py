"""Which images the pages of a TIFF hold. Pillow decodes 8 bits, OpenCV what is wider."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits, opencv, pillow, raster
from doppelscan.images.formats.entry import Entry
from doppelscan.images.formats.stamps import Stamp, stamp
from doppelscan.images.image import Image

__all__ = ["entries", "read"]

_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _BITS = 254, 255, 256, 257, 258
_PACKING, _PHOTOMETRIC, _DESCRIPTION, _ORIENTATION, _SAMPLES = 259, 262, 270, 274, 277
_PLANAR, _TILE_WIDTH, _TILE_HEIGHT, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 284, 322, 323, 338, 339
_WIDTHS = {1: 1, 3: 2, 4: 4}  # bytes of a whole number of each of these types
_JPEG_2000 = frozenset({33003, 33004, 33005, 34712})
_IMAGEJ = re.compile(r"ImageJ=.*\nimages=(\d{1,9})\b", re.DOTALL)
_CHANNELS = {0: 1, 1: 1, 2: 3, 3: 3, 5: 3, 6: 3}  # grey (0: white is zero), RGB, palette, CMYK, YCbCr
_KINDS = {1: "uint", 2: "int", 3: "float", 4: "uint"}


@dataclass(frozen=True)
class _Page:
    """What the directory of one page says."""

    index: int
    shape: tuple[int, int, int]
    dtype: str
    white_is_zero: bool
    opacity: bool
    orientation: int
    place: int  # where in the file it begins

    @property
    def wide(self) -> bool:
        """Whether Pillow would narrow the samples, or does not know them."""
        return self.dtype != "uint8"


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """One image a page; pages marked as a smaller version of another are left out."""
    pages = _pages(path, stamp(path))
    alone = len(pages) == 1
    return [Entry(str(path), None if alone else page.index, page.shape, page.dtype) for page in pages]


def read(entry: Entry) -> Image:
    """The pixels of one page: upright, what is transparent composited on black.

    Where white is zero, 8 bits are inverted by the decoder and wider ones through slope and intercept.
    """
    path = Path(entry.file)
    page = next(page for page in _pages(path, stamp(path)) if entry.frame in {None, page.index})
    limits.check_shape(page.shape)
    stored = raster.channels_first(
        _turned(path, page) if page.orientation in raster.TURNED else _pixels(path, page)
    )
    if page.wide and page.white_is_zero and stored.dtype.kind == "u":
        return Image(stored, slope=-1.0, intercept=float(np.iinfo(stored.dtype).max))
    return Image(stored)


@lru_cache(maxsize=16)
def _pages(path: Path, _stamp: Stamp) -> tuple[_Page, ...]:
    pages: list[_Page] = []
    for k, (place, tags) in enumerate(_directories(path)):
        limits.check_count(k + 1)
        if not (tags.get(_SUBFILE, 0) & 1 or tags.get(_OLD_SUBFILE, 0) == 2):
            pages.append(_page(k, place, tags))
    limits.check_count(len(pages))
    return tuple(pages)


def _directories(path: Path) -> Iterator[tuple[int, Directory]]:
    """Each page's directory and where it is; of pages that have none, nothing could be read, so none is left out."""
    n, promised = 0, 0
    with path.open("rb") as file:
        head = file.read(8)
        tags = Directory(head + file.read(8) if head[2:3] == b"\x2b" else head)
        visited: set[int] = set()
        while tags.next and tags.next not in visited:
            place = int(tags.next)
            visited.add(place)
            file.seek(place)
            tags.load(file)
            if n == 0 and (stack := _IMAGEJ.match(str(tags.get(_DESCRIPTION, "")))):
                promised = int(stack[1])
            yield place, tags
            n += 1
    if n == 1 < promised:
        raise UnreadableImage(
            f"{promised - 1:,} of its {promised:,} images are known to ImageJ only: save it as OME-TIFF"
        )


def _page(index: int, place: int, tags: Directory) -> _Page:
    photometric, samples = tags.get(_PHOTOMETRIC, 1), tags.get(_SAMPLES, 1)
    if photometric not in _CHANNELS:
        raise UnreadableImage(f"its colours are of TIFF's kind {photometric}, which is not read")
    channels, dtype = _CHANNELS[photometric], _dtype(tags)
    if dtype != "uint8" and (samples not in {channels, channels + 1} or photometric not in {0, 1, 2}):
        raise UnreadableImage(f"{samples} samples a pixel of {dtype} are not read")
    height, width, orientation = int(tags[_HEIGHT]), int(tags[_WIDTH]), int(tags.get(_ORIENTATION, 1))
    opacity = 2 in tags.get(_EXTRA_SAMPLES, ())
    limits.check_shape((1, int(tags.get(_TILE_HEIGHT, 1)), int(tags.get(_TILE_WIDTH, 1))))
    if dtype != "uint8":
        _refuse_garbled(tags, samples, signed_opacity=opacity and dtype.startswith("int"))
    shape = (channels, width, height) if orientation in raster.TURNED else (channels, height, width)
    return _Page(index, shape, dtype, photometric == 0, opacity, orientation, place)


def _refuse_garbled(tags: Directory, samples: int, *, signed_opacity: bool) -> None:
    """Refuse wide samples that OpenCV would decode to other pixels without a word."""
    if samples > 1 and tags.get(_PLANAR, 1) != 1:
        raise UnreadableImage("wide samples whose colours lie in planes of their own are not read")
    if tags.get(_PACKING, 1) in _JPEG_2000 or signed_opacity:
        raise UnreadableImage("wide samples packed as JPEG 2000, or opacity below zero, are not read")


def _dtype(tags: Directory) -> str:
    bits, kinds = set(tags.get(_BITS, (1,))), set(tags.get(_SAMPLE_FORMAT, (1,)))
    if len(bits) != 1 or len(kinds) != 1 or not kinds <= set(_KINDS):
        raise UnreadableImage(
            f"samples of {sorted(bits)} bits and TIFF's formats {sorted(kinds)} are not read"
        )
    kind, width = _KINDS[kinds.pop()], bits.pop()
    if kind == "uint" and width <= 8:
        return "uint8"
    if width not in {8, 16, 32, 64}:
        raise UnreadableImage(f"samples of {width} bits are not read")
    return f"{kind}{width}"


def _turned(path: Path, page: _Page) -> NDArray[Any]:
    """The samples of a page on its side, which decoders would garble: turned here, from a copy said to be upright."""
    with tempfile.TemporaryDirectory(prefix="doppelscan-") as folder:
        copy = Path(folder) / "upright.tif"
        copy.write_bytes(_upright(path.read_bytes(), page.place))
        return raster.upright(_pixels(copy, page), page.orientation)


def _upright(content: bytes, place: int) -> bytes:
    """The file, which says of the page whose directory is at `place` that it is upright."""
    order: Literal["little", "big"] = "little" if content[:1] == b"I" else "big"
    head, size, value = (8, 20, 12) if 43 in content[2:4] else (2, 12, 8)
    first = place + head
    for field in range(first, first + size * int.from_bytes(content[place:first], order), size):
        tag, kind = (int.from_bytes(content[at : at + 2], order) for at in (field, field + 2))
        if tag == _ORIENTATION and kind in _WIDTHS:
            begin, end = field + value, field + value + _WIDTHS[kind]
            return content[:begin] + (1).to_bytes(end - begin, order) + content[end:]
    raise UnreadableImage("its orientation is told in a way that is not read")


def _pixels(path: Path, page: _Page) -> NDArray[Any]:
    return _wide_samples(path, page) if page.wide else _samples(path, page)


def _samples(path: Path, page: _Page) -> NDArray[Any]:
    with pillow.opened(path, ("TIFF",)) as picture:
        picture.seek(page.index)
        return pillow.samples(picture)


def _wide_samples(path: Path, page: _Page) -> NDArray[Any]:
    found = np.atleast_3d(opencv.samples(path, page.index))
    if page.opacity and found.shape[-1] == page.shape[0] + 1:
        return raster.on_black(found)
    return found[..., : page.shape[0]]
