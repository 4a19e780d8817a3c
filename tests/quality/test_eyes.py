"""Who looks: small pixels, Inception with its logits, networks from files; and how images are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from doppelscan.encoders.inception_network import N_CLASSES, N_FEATURES
from doppelscan.imagesets import ImageSet
from doppelscan.quality import eyes
from doppelscan.quality.eyes import LogitsToo, SmallPixels, eye_for, window_of
from doppelscan.quality.settings import QualitySettings
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

from .fakes import FakeInception

RESOURCES = Resources(memory=2**24, workers=1, device="cpu")


def eye(encoder: str, images: ImageSet, window: tuple[float, float] = (0.0, 255.0)) -> object:
    return eye_for(images, window, QualitySettings(encoder=encoder), resources=RESOURCES, progress=silent)


def test_small_pixels_are_means_of_blocks_from_black_to_white() -> None:
    pixels = textures(3, (2, 64, 32))
    found = SmallPixels((0.0, 255.0), 32).vectors(pixels)
    expected = pixels.reshape(3, 2, 32, 2, 16, 2).mean(axis=(3, 5)).reshape(3, -1) / 255
    assert found == pytest.approx(expected, abs=1e-6)


def test_small_images_stay_as_they_are() -> None:
    pixels = textures(2, (1, 9, 8))
    assert SmallPixels((0.0, 255.0), 32).vectors(pixels) == pytest.approx(
        pixels.reshape(2, -1) / 255, abs=1e-7
    )


@pytest.mark.parametrize(("shape", "n_numbers"), [((1, 64, 64), 1024), ((1, 24, 24, 12), 12 * 12 * 8)])
def test_volumes_are_made_smaller_than_films(shape: tuple[int, ...], n_numbers: int) -> None:
    images = ImageSet.from_arrays(textures(2, shape))
    assert eye("pixels", images).vectors(images.read(0, 2)).shape == (2, n_numbers)


def test_the_window_of_8_bits_is_whole_and_that_of_others_their_extremes() -> None:
    pixels = textures(40, (1, 50, 50))
    assert window_of(ImageSet.from_arrays(pixels), RESOURCES) == (0.0, 255.0)
    values = pixels.astype(np.float32) * 2 - 7
    tight = Resources(memory=8 * 8 * 2500 * 3, workers=1, device="cpu")  # three images a block
    assert window_of(ImageSet.from_arrays(values), tight) == (float(values.min()), float(values.max()))
    low, high = window_of(ImageSet.from_arrays(np.zeros((2, 1, 4, 4), np.float32)), RESOURCES)
    assert low < high


def test_another_window_or_side_is_another_encoder() -> None:
    names = {SmallPixels(window, side).fingerprint for window in ((0.0, 1.0), (0.0, 2.0)) for side in (8, 9)}
    assert len(names) == 4


def test_logits_are_joined_behind_the_features_and_split_again() -> None:
    pixels = textures(3, (2, 4, 4))
    expected = FakeInception().outputs(pixels)
    features, logits = LogitsToo.split(LogitsToo(FakeInception()).vectors(pixels))
    assert features.tolist() == expected.features.reshape(3, 2 * N_FEATURES).tolist()
    assert logits.tolist() == expected.logits.reshape(3, 2 * N_CLASSES).tolist()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_file_of_weights_is_inception_and_films_of_more_bits_are_shown_through_a_window(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def loaded(weights: str, *, window: object, resources: object) -> FakeInception:
        asked.append(window)
        return FakeInception()

    monkeypatch.setattr(eyes, "inception", loaded)
    images = ImageSet.from_arrays(textures(2, (1, 8, 8)).astype(dtype))
    found = eye(str(tmp_path / "weights.pth"), images, (3.0, 9.0))
    assert isinstance(found, LogitsToo)
    assert asked == [None if dtype == "uint8" else (3.0, 9.0)]


def test_folders_and_other_files_are_pretrained_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def loaded(name: str, *, resources: object) -> SmallPixels:
        asked.append(name)
        return SmallPixels((0.0, 1.0), 4)

    monkeypatch.setattr(eyes, "pretrained", loaded)
    images = ImageSet.from_arrays(textures(2, (1, 8, 8)))
    for name in ("facebook/dinov2-base", "sscd.torchscript.pt"):
        eye(name, images)
    assert asked == ["facebook/dinov2-base", "sscd.torchscript.pt"]
