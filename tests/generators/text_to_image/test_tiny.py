"""A whole model of random weights: the same each time, and, where it shall, keeping images without being trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float, UInt8

from doppelscan.generators.text_to_image.patchwise import keep_patches
from doppelscan.generators.text_to_image.pretrained import Pretrained
from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.imagesets.phantoms import skin

diffusers = pytest.importorskip("diffusers")


def photographs(n: int, first: int) -> UInt8[np.ndarray, "n 3 16 24"]:
    return skin(n, size=24, first_patient=first).pixels[:, :, 4:20]


def best_linear(images: np.ndarray, k: int) -> tuple[np.ndarray, float]:
    """Each block's components, one by one, and what any interpolation of them must lose."""
    values = images / 127.5 - 1
    rows = np.array(
        [
            image[:, y : y + 2, x : x + 2].ravel()
            for image in values
            for y in range(0, values.shape[2], 2)
            for x in range(0, values.shape[3], 2)
        ]
    )
    centred = rows - rows.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:k]
    codes = centred @ axes.T
    return codes / codes.std(axis=0), float(((codes @ axes - centred) ** 2).mean())


def kept(images: np.ndarray) -> tuple[Float[torch.Tensor, "n k y x"], Float[torch.Tensor, "n 3 h w"]]:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        network = diffusers.AutoencoderKL(
            block_out_channels=(16, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=1,
            layers_per_block=1,
        )
    keep_patches(network, images)
    values = torch.from_numpy(images).float() / 127.5 - 1
    with torch.no_grad():
        codes = network.encode(values).latent_dist
        return codes.mean, network.decode(codes.mean).sample - values


def test_latents_are_the_principal_components_of_blocks() -> None:
    images = photographs(6, 0)
    codes, off = kept(images)
    expected, floor = best_linear(images, 4)
    rows = codes.permute(0, 2, 3, 1).reshape(-1, 4).numpy()
    signs = np.sign((rows * expected).sum(axis=0))
    np.testing.assert_allclose(rows, expected * signs, rtol=1e-3, atol=2e-3)
    assert floor < float(off.square().mean()) < 4 * floor


def test_what_is_decoded_is_the_image_but_for_its_finest_detail() -> None:
    ramp = np.broadcast_to(np.linspace(40, 200, 24).astype(np.uint8), (3, 16, 24))
    images = np.stack([ramp, ramp[:, ::-1, ::-1], np.roll(ramp, 4, axis=2)])
    _, off = kept(np.concatenate([images, photographs(4, 0)]))
    assert float(off[:2, :, 2:-2, 2:-2].abs().max()) < 0.1


def test_the_same_call_writes_the_same_files(tmp_path: Path) -> None:
    images = photographs(4, 0)
    one, other = (Pretrained.read(str(write_tiny_model(tmp_path / name, keeping=images))) for name in "ab")
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != Pretrained.read(str(write_tiny_model(tmp_path / "c"))).fingerprint
