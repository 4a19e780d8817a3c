"""How do users of diffusers draw images? With its `DDPMPipeline`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from doppelscan.generators.nets.unet import Plan, UNet

__all__ = ["InDiffusers", "diffusers_unet", "pipeline"]


def diffusers_unet(plan: Plan, side: int) -> nn.Module:
    """Its U-Net of this plan, its groups as many as ours."""
    from diffusers import UNet2DModel

    kinds = ["Attn" if attends else "" for attends in plan.attention]
    return UNet2DModel(
        sample_size=side,
        in_channels=1,
        out_channels=1,
        layers_per_block=plan.blocks,
        block_out_channels=plan.channels,
        down_block_types=tuple(f"{kind}DownBlock2D" for kind in kinds),
        up_block_types=tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
        attention_head_dim=plan.head_channels,
        norm_num_groups=np.gcd.reduce([n // 4 for n in plan.channels]).item(),
        norm_eps=1e-6,
    )


class InDiffusers(nn.Module):
    """Our U-Net, called as diffusers calls its own."""

    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, unet: UNet, side: int) -> None:
        super().__init__()
        self.unet, self.config = unet, SimpleNamespace(sample_size=side, in_channels=1)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> SimpleNamespace:
        """What the network says of images without labels."""
        steps, labels = t.expand(len(x)), torch.full((len(x),), -1)
        return SimpleNamespace(sample=self.unet(x, steps, labels))


def pipeline(
    network: nn.Module, scheduler: Any, n: int, at_once: int, steps: int
) -> Callable[[], list[np.ndarray]]:
    """Draws n images, so many at once, each from a seed of its own."""
    from diffusers import DDPMPipeline

    pipe = DDPMPipeline(network.eval(), type(scheduler).from_config(copy.deepcopy(scheduler.config)))
    pipe.set_progress_bar_config(disable=True)

    def drawn() -> list[np.ndarray]:
        parts = []
        for start in range(0, n, at_once):
            seeds = range(start, min(start + at_once, n))
            chance = [torch.Generator().manual_seed(seed) for seed in seeds]
            made = pipe(len(seeds), chance, num_inference_steps=steps, output_type="np")
            parts.append(made.images)
        return parts

    return drawn
