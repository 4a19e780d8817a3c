"""Folders of DINOv2, RAD-DINO and CLIP are read as they were written, or refused with where to get them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from doppelscan.encoders.pretrained import pretrained
from doppelscan.errors import InputError, MissingExtra
from doppelscan.store import read_tensors, write_tensors

transformers = pytest.importorskip("transformers", reason="the extra `text` is not installed")

TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
CLIP = TINY | {"intermediate_size": 64, "projection_dim": 16}
LOOK = {"crop_size": {"height": 28, "width": 28}, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.25] * 3}


def dinov2() -> Any:
    return transformers.Dinov2Model(transformers.Dinov2Config(**TINY))


def dinov2_with_registers() -> Any:
    return transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**TINY))


def clip_vision() -> Any:
    return transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**CLIP))


def clip() -> Any:
    words = {"bos_token_id": 1, "eos_token_id": 2, "vocab_size": 50, "max_position_embeddings": 10}
    text = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    } | words
    config = transformers.CLIPConfig(text_config=text, vision_config=CLIP, projection_dim=16)
    return transformers.CLIPModel(config)


def saved(network: Any, folder: Path, look: dict[str, object] | None = None) -> Path:
    network.eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(look or LOOK))
    return folder


def films(n: int, side: int = 28) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (n, 3, side, side)).astype(np.uint8)
    pixels[:, :, 0, :2] = 0, 255  # so that their own extremes are black and white
    return pixels


def class_token(network: Any, images: torch.Tensor) -> torch.Tensor:
    return network(pixel_values=images).last_hidden_state[:, 0]


def projection(network: Any, images: torch.Tensor) -> torch.Tensor:
    return network.visual_projection(network.vision_model(pixel_values=images).pooler_output)


@pytest.mark.parametrize(
    ("make", "expected", "d"),
    [
        (dinov2, class_token, 32),
        (dinov2_with_registers, class_token, 32),
        (clip_vision, projection, 16),
        (clip, projection, 16),
    ],
    ids=["dinov2", "registers", "clip vision", "clip"],
)
@torch.inference_mode()
def test_vectors_are_the_network_s_own(
    tmp_path: Path, make: Callable[[], Any], expected: Callable[[Any, torch.Tensor], torch.Tensor], d: int
) -> None:
    network, pixels = make(), films(11)
    found = pretrained(saved(network, tmp_path)).vectors(pixels)
    shown = (torch.from_numpy(pixels / 255).float() - torch.tensor([0.5, 0.4, 0.3]).reshape(3, 1, 1)) / 0.25
    assert found.shape == (11, d)
    np.testing.assert_allclose(found, expected(network, shown), atol=1e-5)


def test_any_films_give_vectors_that_do_not_depend_on_their_company(tmp_path: Path) -> None:
    encoder = pretrained(saved(dinov2(), tmp_path))
    grey = np.random.default_rng(1).integers(0, 4096, (9, 1, 50, 31)).astype(np.uint16)
    found = encoder.vectors(grey)
    assert np.array_equal(encoder.vectors(grey[5:6])[0], found[5])
    np.testing.assert_allclose(encoder.vectors(grey / 4096), found, atol=1e-4)
    assert encoder.vectors(np.repeat(grey, 4, axis=1)).shape == (9, 4 * 32)


def test_a_folder_in_half_precision_is_read_in_single(tmp_path: Path) -> None:
    found = pretrained(saved(dinov2().half(), tmp_path)).vectors(films(2))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_nothing_is_printed_while_it_loads(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = saved(clip(), tmp_path)
    capfd.readouterr()
    bars = transformers.utils.logging.is_progress_bar_enabled()
    pretrained(folder)
    assert capfd.readouterr() == ("", "")
    assert transformers.utils.logging.is_progress_bar_enabled() == bars


def test_weights_that_are_missing_are_not_drawn_at_random(tmp_path: Path) -> None:
    folder = saved(dinov2(), tmp_path)
    arrays, _ = read_tensors(folder / "model.safetensors")
    arrays.pop("embeddings.mask_token")  # of training only
    write_tensors(folder / "model.safetensors", arrays, {"format": "pt"})
    pretrained(folder)
    arrays.pop("layernorm.weight")
    write_tensors(folder / "model.safetensors", arrays, {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 weights, such as layernorm\.weight"):
        pretrained(folder)


def test_pickled_damaged_and_other_weights_are_refused(tmp_path: Path) -> None:
    folder = saved(dinov2(), tmp_path / "facebook-dinov2-base")
    arrays, _ = read_tensors(folder / "model.safetensors")
    weights = folder / "model.safetensors"
    write_tensors(weights, arrays | {"layernorm.weight": np.ones(5, np.float32)}, {"format": "pt"})
    refused(
        folder, r"cannot be read as safetensors.*\(DINOv2 is the folder facebook/dinov2-base from huggingface"
    )
    weights.write_bytes(b"no safetensors")
    refused(folder, "cannot be read as safetensors")
    weights.unlink()
    torch.save({}, folder / "pytorch_model.bin")
    refused(folder, "cannot be read as safetensors.*no file named model.safetensors")


def test_folders_of_other_networks_and_of_none_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no config.json tells its model")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    refused(tmp_path, "holds a network 'bert', which is none of dinov2, .*clip")


def test_a_size_that_the_network_cannot_take_is_refused_at_once(tmp_path: Path) -> None:
    refused(saved(clip_vision(), tmp_path, LOOK | {"crop_size": 42}), "cannot see images of 42 pixels")


def test_without_transformers_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(dinov2(), tmp_path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"needs transformers \(pip install 'doppelscan\[text\]'\)"):
        pretrained(folder)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        pretrained(folder)
