"""MS-SSIM of pairs: nobody in two pairs, patients apart, sets all alike are told."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cohorts import films
from doppelscan.findings.quality import Measured
from doppelscan.imagesets import ImageSet
from doppelscan.quality.pairs import _pairs, structure
from doppelscan.quality.settings import QualitySettings
from doppelscan.quality.structure import ms_ssim
from doppelscan.workers import silent
from textures import textures


def of(
    real: ImageSet, synthetic: ImageSet, n_pairs: int = 50, window: tuple[float, float] = (0, 255)
) -> Measured:
    return structure(real, synthetic, window, QualitySettings(n_pairs=n_pairs), silent)


def test_no_image_is_in_two_pairs_and_no_patient_of_real_ones() -> None:
    real = films(15, each=4)
    pairs = _pairs(real, "real", 100, 0)
    assert len(pairs) == 7
    assert len(set(real.patients[pairs].ravel())) == 14
    drawn = _pairs(real, "synthetic", 100, 0)
    assert sorted(drawn.ravel()) == list(range(60))
    assert len(_pairs(real, "synthetic", 3, 0)) == 3


def test_the_value_is_the_mean_of_its_pairs() -> None:
    images = films(8)
    expected = [
        ms_ssim(images[int(a)].pixels / 255.0, images[int(b)].pixels / 255.0, 1.0)
        for a, b in _pairs(images, "synthetic", 50, 0)
    ]
    assert of(images, images).value.value == pytest.approx(np.mean(expected))


def test_a_set_all_alike_is_beyond_what_real_images_have() -> None:
    real, one = films(40), films(1, first=99)
    alike = ImageSet.from_arrays(np.repeat(one.read(0, 1), 20, axis=0))
    same = of(real, alike)
    assert same.value.value == pytest.approx(1.0)
    assert same.value.value > same.perfect.high
    fresh = of(real, films(40, first=200))
    assert fresh.perfect.low <= fresh.value.value <= fresh.perfect.high


def test_the_window_takes_the_offset_away() -> None:
    pixels = textures(12, (1, 24, 24))
    patients = pd.DataFrame({"patient": [f"p{k}" for k in range(12)]})
    bytes_ = ImageSet.from_arrays(pixels, patients)
    shifted = ImageSet.from_arrays(pixels.astype(np.float32) * 4 - 1000, patients)
    assert of(shifted, shifted, window=(-1000, 20)).value.value == pytest.approx(
        of(bytes_, bytes_).value.value
    )


def test_too_few_images_for_pairs_have_no_interval() -> None:
    alone = of(films(1), films(1))
    assert math.isnan(alone.value.value)
    assert (alone.value.low, alone.value.high, alone.value.n) == (0.0, 1.0, 0)
    assert of(films(2), films(2)).value.high == 1.0


def test_volumes_have_pairs_too() -> None:
    volumes = ImageSet.from_arrays(textures(6, (1, 14, 13, 12)))
    assert 0 <= of(volumes, volumes).value.value <= 1
