"""Which images the pages of a TIFF hold. Pillow decodes 8 bits, OpenCV what is wider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits, opencv, pillow, raster
from doppelscan.images.formats.entry import Entry
from doppelscan.images.image import Image

__all__ = ["entries", "read"]

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_ORIENTATION, _SAMPLES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 274, 277, 338, 339
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

    @property
    def wide(self) -> bool:
        """Whether Pillow would narrow the samples, or does not know them."""
        return self.dtype != "uint8"


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """One image a page; pages marked as a smaller version of another are left out."""
    pages = _pages(path, path.stat().st_mtime_ns)
    alone = len(pages) == 1
    return [Entry(str(path), None if alone else page.index, page.shape, page.dtype) for page in pages]


def read(entry: Entry) -> Image:
    """The pixels of one page: upright, what is transparent composited on black.

    Where white is zero, 8 bits are inverted by the decoder and wider ones through slope and intercept.
    """
    path = Path(entry.file)
    page = next(page for page in _pages(path, path.stat().st_mtime_ns) if entry.frame in {None, page.index})
    limits.check_shape(page.shape)
    stored = raster.channels_first(_wide_samples(path, page) if page.wide else _samples(path, page))
    if page.wide and page.white_is_zero and stored.dtype.kind == "u":
        return Image(stored, slope=-1.0, intercept=float(np.iinfo(stored.dtype).max))
    return Image(stored)


@lru_cache(maxsize=16)
def _pages(path: Path, changed_ns: int) -> tuple[_Page, ...]:
    found = tuple(
        _page(k, tags) for k, tags in enumerate(_directories(path)) if not tags.get(_SUBFILE, 0) & 1
    )
    limits.check_count(len(found))
    return found


def _directories(path: Path) -> Iterator[Directory]:
    with path.open("rb") as file:
        head = file.read(8)
        tags = Directory(head + file.read(8) if head[2:3] == b"\x2b" else head)
        visited: set[int] = set()
        while tags.next and tags.next not in visited:
            visited.add(tags.next)
            file.seek(tags.next)
            tags.load(file)
            yield tags


def _page(index: int, tags: Directory) -> _Page:
    photometric, samples = tags.get(_PHOTOMETRIC, 1), tags.get(_SAMPLES, 1)
    if photometric not in _CHANNELS:
        raise UnreadableImage(f"its colours are of TIFF's kind {photometric}, which is not read")
    channels, dtype = _CHANNELS[photometric], _dtype(tags)
    if dtype != "uint8" and (samples not in {channels, channels + 1} or photometric not in {0, 1, 2}):
        raise UnreadableImage(f"{samples} samples a pixel of {dtype} are not read")
    if (orientation := tags.get(_ORIENTATION, 1)) in raster.TURNED:
        raise UnreadableImage(f"its rows and columns are exchanged (orientation {orientation}): not read")
    shape = channels, int(tags[_HEIGHT]), int(tags[_WIDTH])
    return _Page(index, shape, dtype, photometric == 0, 2 in tags.get(_EXTRA_SAMPLES, ()))


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


def _samples(path: Path, page: _Page) -> NDArray[Any]:
    with pillow.opened(path, ("TIFF",)) as picture:
        picture.seek(page.index)
        return pillow.samples(picture)


def _wide_samples(path: Path, page: _Page) -> NDArray[Any]:
    found = np.atleast_3d(opencv.samples(path, page.index))
    if page.opacity and found.shape[-1] == page.shape[0] + 1:
        return raster.on_black(found)
    return found[..., : page.shape[0]]
