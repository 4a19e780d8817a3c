"""How does a set show itself in a notebook? What it holds, its first images, the head of its table."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images import montage

if TYPE_CHECKING:
    from doppelscan.imagesets.imageset import ImageSet

__all__ = ["shown"]

_IMAGES, _ROWS, _SIDE = 8, 5, 128  # images and rows at the most, pixels of an image


def shown(images: ImageSet) -> str:
    """The set as HTML: names escaped, pictures within."""
    rows = images.table.head(_ROWS).dropna(axis=1, how="all")
    table = rows.astype(object).where(rows.notna(), "").to_html(index=False, border=0)
    return f"<p>{escape(_told(images))}</p>{_pictures(images)}{table if len(images) else ''}"


def _told(images: ImageSet) -> str:
    shapes = sorted({"x".join(map(str, shape)) for shape in images.pixels.shapes})
    known = _counted(len(set(images.patients)), "patient")
    patients = known if images.patients_known else "not all patients known"
    of = f" of {shapes[0]}" if len(shapes) == 1 else f" of {len(shapes)} shapes"
    unread = f"; {len(images.unreadable):,} could not be read" if images.unreadable else ""
    name = f"{images.name}: " if images.name else ""
    return f"{name}{_counted(len(images), 'image')}{of}, {patients}{unread}"


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _pictures(images: ImageSet) -> str:
    """The first images that can be read, in one row."""
    first = list(islice(_readable(images), _IMAGES))
    if not first:
        return ""
    sheet = base64.b64encode(montage.png(montage.contact_sheet(first, side=_SIDE))).decode()
    return f'<img alt="The first {len(first)} images" src="data:image/png;base64,{sheet}">'


def _readable(images: ImageSet) -> Iterator[Shaped[np.ndarray, "c *space"]]:
    for position in range(min(len(images), 2 * _IMAGES)):
        try:
            yield images[position].pixels
        except UnreadableImage:
            continue
