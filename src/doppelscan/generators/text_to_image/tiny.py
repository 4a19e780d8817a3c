"""A whole Stable-Diffusion-class model of random weights, small enough to train in a test, in diffusers' folders."""

from __future__ import annotations

import json
import string
from pathlib import Path

import torch

LETTERS = [*string.ascii_lowercase, *string.digits, ",", ".", "-"]


def tiny_model(
    folder: Path,
    *,
    inpaints: bool = False,
    prediction: str = "epsilon",
    channels: tuple[int, ...] = (32, 32),
    codes: tuple[int, ...] = (16, 16),
    steps: int = 50,
    length: int = 24,
) -> Path:
    """Tokenizer of letters, text encoder, autoencoder (two pixels to a place), U-Net, schedule; the seed is 0."""
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        _tokenizer(folder / "tokenizer", length)
        vocabulary = json.loads((folder / "tokenizer" / "vocab.json").read_text())
        CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=length,
                bos_token_id=vocabulary["<|startoftext|>"],
                eos_token_id=vocabulary["<|endoftext|>"],
                pad_token_id=vocabulary["<|endoftext|>"],
            )
        ).save_pretrained(folder / "text_encoder")
        AutoencoderKL(
            block_out_channels=codes,
            down_block_types=("DownEncoderBlock2D",) * len(codes),
            up_block_types=("UpDecoderBlock2D",) * len(codes),
            latent_channels=4,
            norm_num_groups=8,
            layers_per_block=1,
            scaling_factor=0.5,
        ).save_pretrained(folder / "vae")
        UNet2DConditionModel(
            in_channels=9 if inpaints else 4,
            out_channels=4,
            block_out_channels=channels,
            down_block_types=("DownBlock2D",) * (len(channels) - 1) + ("CrossAttnDownBlock2D",),
            up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * (len(channels) - 1),
            layers_per_block=1,
            cross_attention_dim=16,
            attention_head_dim=8,
            norm_num_groups=8,
        ).save_pretrained(folder / "unet")
        DDPMScheduler(
            num_train_timesteps=steps,
            beta_schedule="squaredcos_cap_v2",
            prediction_type=prediction,
            steps_offset=1,
            clip_sample=False,
        ).save_pretrained(folder / "scheduler")
    return folder


def _tokenizer(folder: Path, length: int) -> None:
    folder.mkdir(parents=True)
    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": length, **special})
    )
