"""Which model like Stable Diffusion is small enough to train in a demo or a test? One of chance, in diffusers' folders.

Nothing is downloaded. Tokenizer (of letters), text encoder, autoencoder (two pixels to a place), U-Net and schedule.
"""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from doppelscan.generators import doors
from doppelscan.generators.chance import seeded
from doppelscan.generators.text_to_image.patchwise import keep_patches
from doppelscan.generators.text_to_image.pretrained import quiet

__all__ = ["LETTERS", "write_tiny_model"]

LETTERS = [*string.ascii_lowercase, *string.digits, ",", ".", "-"]
_START, _END = "<|startoftext|>", "<|endoftext|>"
_WIDTH = 16  # of what the U-Net hears of a letter
_LATENTS = 4


def write_tiny_model(
    folder: Path,
    *,
    keeping: UInt8[np.ndarray, "n 3 h w"] | None = None,
    inpaints: bool = False,
    prediction: str = "epsilon",
    channels: tuple[int, ...] = (32, 32),
    codes: tuple[int, ...] = (16, 16),
    steps: int = 50,
    length: int = 24,
) -> Path:
    """Write a whole model; the same call always writes the same weights, the schedule last.

    Parameters
    ----------
    keeping
        Images such as the autoencoder shall keep, without having been trained; if None its weights are of chance too.
    inpaints
        Whether the U-Net is shown what is known of an image.
    channels, codes
        Of the levels of the U-Net and of the autoencoder.
    length
        Letters that are heard at most.
    """
    diffusers, transformers = doors.diffusers(), doors.transformers()
    with quiet(diffusers, transformers), seeded(torch.device("cpu"), 0, "a tiny model"):
        _write_words(folder, length)
        _write_autoencoder(folder, codes, keeping)
        _write_unet(folder, channels, 2 * _LATENTS + 1 if inpaints else _LATENTS)
    diffusers.DDPMScheduler(
        num_train_timesteps=steps,
        beta_schedule="squaredcos_cap_v2",
        prediction_type=prediction,
        steps_offset=1,
        clip_sample=False,
    ).save_pretrained(folder / "scheduler")
    return folder


def _write_words(folder: Path, length: int) -> None:
    """The tokenizer, and the text encoder that reads it."""
    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), _START, _END]
    _write_tokenizer(folder / "tokenizer", pieces, length)
    transformers = doors.transformers()
    config = transformers.CLIPTextConfig(
        vocab_size=len(pieces),
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=length,
        bos_token_id=pieces.index(_START),
        eos_token_id=pieces.index(_END),
        pad_token_id=pieces.index(_END),
    )
    transformers.CLIPTextModel(config).save_pretrained(folder / "text_encoder")


def _write_tokenizer(folder: Path, pieces: list[str], length: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": length}
    special = {"bos_token": _START, "eos_token": _END, "pad_token": _END}
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config | special))


def _write_autoencoder(
    folder: Path, codes: tuple[int, ...], keeping: UInt8[np.ndarray, "n 3 h w"] | None
) -> None:
    autoencoder = doors.diffusers().AutoencoderKL(
        block_out_channels=codes,
        down_block_types=("DownEncoderBlock2D",) * len(codes),
        up_block_types=("UpDecoderBlock2D",) * len(codes),
        latent_channels=_LATENTS,
        norm_num_groups=8 if keeping is None else 1,
        layers_per_block=1,
        scaling_factor=0.5 if keeping is None else 1.0,
    )
    if keeping is not None:
        keep_patches(autoencoder, keeping)
    autoencoder.save_pretrained(folder / "vae")


def _write_unet(folder: Path, channels: tuple[int, ...], n_seen: int) -> None:
    plain = len(channels) - 1
    doors.diffusers().UNet2DConditionModel(
        in_channels=n_seen,
        out_channels=_LATENTS,
        block_out_channels=channels,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
        layers_per_block=1,
        cross_attention_dim=_WIDTH,
        attention_head_dim=8,
        norm_num_groups=8,
    ).save_pretrained(folder / "unet")
