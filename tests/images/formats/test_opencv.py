"""Samples of more than 8 bits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import opencv

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_come_in_the_order_rgb(tmp_path, channels):
    samples = RNG.integers(0, 65536, (5, 7, channels), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), samples[..., [2, 1, 0, 3][:channels]])
    np.testing.assert_array_equal(opencv.samples(tmp_path / "a.png"), samples)


def test_a_page_is_read_by_its_number(tmp_path):
    pages = RNG.integers(0, 65536, (3, 5, 7), dtype=np.uint16)
    cv2.imwritemulti(str(tmp_path / "a.tif"), list(pages))
    np.testing.assert_array_equal(opencv.samples(tmp_path / "a.tif", 2), pages[2])


def test_what_it_cannot_decode_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0 and nothing else")
    with pytest.raises(UnreadableImage):
        opencv.samples(tmp_path / "a.tif")
