"""Do published networks see medical images as documented?"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.encoders.pretrained import pretrained
from doppelscan.errors import InputError

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])


class Corners(nn.Module):
    """In place of SSCD: the mean of each channel, and the first pixel of each."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([images.mean((2, 3)), images[:, :, 0, 0]], 1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sscd") / "tiny.torchscript.pt"
    saved_as_torchscript(Corners(), path)
    return path


def saved_as_torchscript(network: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(network), str(path))


def pixels_of(n: int, c: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, c, 40, 30)).astype(np.uint8)


def test_a_grey_image_is_shown_in_three_channels_on_the_networks_scale(weights: Path) -> None:
    pixels = np.zeros((1, 1, 320, 320), np.uint8)
    pixels[..., :160] = 255
    found = pretrained(weights).vectors(pixels)
    expected = np.concatenate([(0.5 - MEAN) / DEVIATION, (1 - MEAN) / DEVIATION])
    assert found[0] == pytest.approx(expected, abs=1e-3)


def test_colours_keep_their_channels(weights: Path) -> None:
    pixels = np.zeros((1, 3, 50, 50), np.uint8)
    pixels[:, 1] = 200
    found = pretrained(weights).vectors(pixels)[0, :3]
    assert found == pytest.approx((np.array([0, 1, 0]) - MEAN) / DEVIATION, abs=1e-3)


def test_the_same_picture_in_8_bits_16_bits_or_floats_has_one_vector(weights: Path) -> None:
    encoder, pixels = pretrained(weights), pixels_of(3, 1)
    for other in (pixels.astype(np.uint16) * 257, pixels / 255, pixels.astype(np.float32) - 1024):
        assert encoder.vectors(other) == pytest.approx(encoder.vectors(pixels), abs=1e-4)


def test_other_numbers_of_channels_are_encoded_one_by_one(weights: Path) -> None:
    encoder, pixels = pretrained(weights), pixels_of(4, 5)
    alone = [encoder.vectors(pixels[:, [c]]) for c in range(5)]
    assert np.array_equal(encoder.vectors(pixels), np.concatenate(alone, axis=1))


def test_a_vector_is_the_same_in_any_company(weights: Path) -> None:
    encoder, pixels = pretrained(weights), pixels_of(19, 1)
    pixels[7] = 9  # constant
    together = encoder.vectors(pixels)
    assert np.array_equal(np.concatenate([encoder.vectors(pixels[i : i + 1]) for i in range(19)]), together)
    assert np.isfinite(together).all()
    assert encoder.vectors(pixels[:0]).shape == (0, 6)


def test_volumes_and_values_that_are_not_finite_are_refused(weights: Path) -> None:
    encoder = pretrained(weights)
    with pytest.raises(InputError, match=r"3 spatial axes.*give slices"):
        encoder.vectors(np.zeros((1, 1, 4, 4, 4)))
    with pytest.raises(InputError, match="NaN"):
        encoder.vectors(np.full((1, 1, 4, 4), np.nan))


def test_encoders_are_told_apart_by_their_files(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / weights.name
    copy.write_bytes(weights.read_bytes())
    other = tmp_path / "other.torchscript.pt"
    saved_as_torchscript(nn.Flatten(), other)
    assert pretrained(copy).fingerprint == pretrained(weights).fingerprint
    assert pretrained(other).fingerprint != pretrained(weights).fingerprint


def test_what_is_no_torchscript_is_never_unpickled(tmp_path: Path) -> None:
    for name, old_format in (("zipped.pt", False), ("plain.pt", True)):
        torch.save(Trap(), tmp_path / name, _use_new_zipfile_serialization=not old_format)
        with pytest.raises(InputError, match=r"cannot be read as TorchScript \(SSCD is the file sscd_disc"):
            pretrained(tmp_path / name)


class Trap:
    """What pickle would run on reading it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was read",)
