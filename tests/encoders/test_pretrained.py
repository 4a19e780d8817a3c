"""Do published networks see medical images as documented, and are absent weights named with their cure?"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.encoders.pretrained import pretrained
from doppelscan.errors import InputError, MissingExtra

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])


class Corners(nn.Module):
    """In place of SSCD: the mean of each channel, and the first pixel of each."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([images.mean((2, 3)), images[:, :, 0, 0]], 1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sscd") / "tiny.torchscript.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(Corners()), str(path))
    return path


def pixels_of(n: int, c: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, c, 40, 30)).astype(np.uint8)


def test_a_grey_image_is_shown_in_three_channels_on_the_networks_scale(weights: Path) -> None:
    pixels = np.zeros((1, 1, 320, 320), np.uint8)
    pixels[..., :160] = 255
    found = pretrained("sscd", weights).vectors(pixels)
    expected = np.concatenate([(0.5 - MEAN) / DEVIATION, (1 - MEAN) / DEVIATION])
    assert found[0] == pytest.approx(expected, abs=1e-3)


def test_colours_keep_their_channels(weights: Path) -> None:
    pixels = np.zeros((1, 3, 50, 50), np.uint8)
    pixels[:, 1] = 200
    found = pretrained("sscd", weights).vectors(pixels)[0, :3]
    assert found == pytest.approx((np.array([0, 1, 0]) - MEAN) / DEVIATION, abs=1e-3)


def test_the_same_picture_in_8_bits_16_bits_or_floats_has_one_vector(weights: Path) -> None:
    encoder, pixels = pretrained("sscd", weights), pixels_of(3, 1)
    for other in (pixels.astype(np.uint16) * 257, pixels / 255, pixels.astype(np.float32) - 1024):
        assert encoder.vectors(other) == pytest.approx(encoder.vectors(pixels), abs=1e-4)


def test_other_numbers_of_channels_are_encoded_one_by_one(weights: Path) -> None:
    encoder, pixels = pretrained("sscd", weights), pixels_of(4, 5)
    alone = [encoder.vectors(pixels[:, [c]]) for c in range(5)]
    assert np.array_equal(encoder.vectors(pixels), np.concatenate(alone, axis=1))


def test_a_vector_is_the_same_in_any_company(weights: Path) -> None:
    encoder, pixels = pretrained("sscd", weights), pixels_of(19, 1)
    pixels[7] = 9  # constant
    together = encoder.vectors(pixels)
    assert np.array_equal(np.concatenate([encoder.vectors(pixels[i : i + 1]) for i in range(19)]), together)
    assert np.isfinite(together).all()
    assert encoder.vectors(pixels[:0]).shape == (0, 6)


def test_volumes_and_values_that_are_not_finite_are_refused(weights: Path) -> None:
    encoder = pretrained("sscd", weights)
    with pytest.raises(InputError, match=r"3 spatial axes.*give slices"):
        encoder.vectors(np.zeros((1, 1, 4, 4, 4)))
    with pytest.raises(InputError, match="NaN"):
        encoder.vectors(np.full((1, 1, 4, 4), np.nan))


def test_absent_and_wrong_weights_are_named_with_their_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent: there are no weights \(dinov2 needs a folder such as"):
        pretrained("dinov2", tmp_path / "absent")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x04N.")
    with pytest.raises(InputError, match=r"cannot be read as TorchScript \(sscd needs a TorchScript file"):
        pretrained("sscd", tmp_path / "pickle.pt")


def test_without_transformers_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        MissingExtra, match=r"the encoder clip needs transformers \(pip install 'doppelscan\[text\]'\)"
    ):
        pretrained("clip", tmp_path)


def tiny_dinov2(folder: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config = transformers.Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    transformers.Dinov2Model(config).save_pretrained(folder, safe_serialization=True)


def tiny_clip(folder: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config = transformers.CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        projection_dim=16,
    )
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(folder, safe_serialization=True)


@pytest.mark.parametrize(
    ("kind", "make", "d"),
    [("dinov2", tiny_dinov2, 32), ("rad-dino", tiny_dinov2, 32), ("clip", tiny_clip, 16)],
)
def test_transformers_are_read_from_their_folders(tmp_path: Path, kind: str, make, d: int) -> None:
    make(tmp_path)
    look = {"crop_size": {"height": 28, "width": 28}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(look))
    encoder = pretrained(kind, tmp_path)
    assert (encoder.look.side, encoder.look.mean, encoder.look.deviation) == (28, (0.5,) * 3, (0.25,) * 3)
    found = encoder.vectors(pixels_of(11, 1))
    assert found.shape == (11, d)
    assert np.array_equal(encoder.vectors(pixels_of(11, 1)[3:4])[0], found[3])
