"""A thumbnail in a drawing is found and named; a drawing alone is not."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from cohorts import films
from doppelscan.imagesets import ImageSet
from doppelscan.release.forms import png
from doppelscan.release.layers import Layer
from doppelscan.release.pictures import Looks, photographs_in, rasters_in, too_large
from doppelscan.workers import silent


@pytest.fixture(scope="module")
def looks() -> Looks:
    return Looks.of(films(20, side=64), silent)


def drawing() -> np.ndarray:
    """White, with bars, lines and words, as a figure has."""
    page = np.full((240, 320), 255, np.uint8)
    cv2.rectangle(page, (30, 60), (60, 200), 90, -1)
    cv2.line(page, (10, 220), (310, 180), 0, 2, cv2.LINE_AA)
    for k in range(6):
        cv2.putText(
            page, f"line {k} of words", (80, 30 + 16 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA
        )
    return page


def test_a_drawing_holds_no_photograph() -> None:
    assert photographs_in(drawing()) == []


@pytest.mark.parametrize("side", [24, 40, 64, 90])
def test_a_thumbnail_of_any_size_is_found_and_named(looks: Looks, side: int) -> None:
    page = drawing()
    film = looks.images[7].pixels[0]
    page[120 : 120 + side, 200 : 200 + side] = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
    left, top, width, height = photographs_in(page)[0]
    assert left <= 204 <= left + width
    assert top <= 124 <= top + height
    assert "p7-0.png" in list(looks.shown_in(page))


def test_a_picture_that_would_fill_the_memory_is_not_unpacked() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(bytes(1000)), b"IEND": b""}
    bomb = png.SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    layer = Layer("figures/scores.png", bomb, text=False)
    assert too_large(layer)
    assert list(rasters_in(layer)) == []


def test_a_stranger_is_a_photograph_of_nobody_known(looks: Looks) -> None:
    page = drawing()
    page[100:164, 200:264] = films(1, first=90, side=64)[0].pixels[0]
    assert photographs_in(page)
    assert list(looks.shown_in(page)) == []


def test_the_same_pixels_are_told_from_those_of_strangers(looks: Looks) -> None:
    film = looks.images[3].pixels
    assert looks.same(film) == "p3-0.png"
    assert looks.same(np.clip(film.astype(int) + 20, 0, 255).astype(np.uint8)) == "p3-0.png"
    assert [looks.same(one.pixels) for one in films(10, first=60, side=64)] == [None] * 10


def test_volumes_are_known_by_their_middle_slices() -> None:
    volumes = np.random.default_rng(0).integers(0, 256, (3, 1, 20, 24, 28), dtype=np.uint8)
    smooth = np.stack([cv2.GaussianBlur(v[0].astype(np.float32), (0, 0), 2)[None] for v in volumes]).astype(
        np.uint8
    )
    looks = Looks.of(ImageSet.from_arrays(smooth), silent)
    assert len(looks.small) == 9
    assert looks.same(smooth[2]) == "000002"
    assert looks.same(np.full_like(smooth[0], 7)) is None
