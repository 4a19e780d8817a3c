"""A set shows itself in a notebook: what it holds, its first images, the head of its table."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.imagesets import ImageSet, Unreadable
from doppelscan.imagesets.pixels import ArrayPixels


def made(n: int, shape: tuple[int, ...], **columns: list[str]) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)
    return ImageSet.from_arrays(pixels, pd.DataFrame(columns) if columns else None, name="<films>")


def picture_in(html: str) -> tuple[int, int]:
    found = re.search(r"base64,([^\"]+)", html)
    assert found is not None
    with Pillow.open(io.BytesIO(base64.b64decode(found[1]))) as shown:
        return shown.size


@pytest.mark.parametrize("shape", [(1, 6, 5), (3, 6, 5), (2, 6, 8, 7), (5, 300, 40)])
def test_images_of_any_kind_are_shown_small(shape: tuple[int, ...]) -> None:
    html = made(12, shape)._repr_html_()
    assert f"&lt;films&gt;: 12 images of {'x'.join(map(str, shape))}, not all patients known" in html
    assert max(picture_in(html)) <= 8 * 130
    assert html.count("<tr") == 1 + 5


def test_names_of_patients_are_escaped_and_counted() -> None:
    html = made(2, (1, 4, 4), patient=["<i>Ada</i>", "<i>Ada</i>"])._repr_html_()
    assert "2 images of 1x4x4, 1 patient<" in html
    assert "<i>" not in html
    assert "&lt;i&gt;Ada" in html
    assert "None" not in html


def test_a_set_without_images_says_so() -> None:
    html = made(3, (1, 4, 4)).take([])._repr_html_()
    assert "0 images" in html
    assert "<img" not in html


@dataclass(frozen=True)
class Broken(ArrayPixels):
    def image(self, position: int) -> Image:
        if position == 0:
            raise UnreadableImage("truncated")
        return super().image(position)


def test_an_image_that_cannot_be_read_is_left_out() -> None:
    whole = made(3, (1, 40, 40))
    broken = replace(whole, pixels=Broken(whole.pixels.read(0, 3)), unreadable=(Unreadable("x", "y"),))
    html = broken._repr_html_()
    assert "; 1 could not be read" in html
    assert picture_in(html)[0] < picture_in(whole._repr_html_())[0]


def test_one_image_is_a_picture() -> None:
    with Pillow.open(io.BytesIO(made(1, (1, 6, 5))[0]._repr_png_())) as shown:
        assert shown.size == (5, 6)
