"""Diffusion of pixels: Ho et al. 2020, Nichol & Dhariwal 2021, with classifier-free guidance; 2D and 3D."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.generators.augmentation import n_conditions
from doppelscan.generators.ddpm.denoising import denoiser
from doppelscan.generators.ddpm.drawing import draw
from doppelscan.generators.ddpm.objective import loss_of_each, turns
from doppelscan.generators.ddpm.settings import PRESETS, DdpmSettings
from doppelscan.generators.family import Batch, Drawing, Family, Networks, Player, Stage, Subject
from doppelscan.generators.nets.unet import Plan, UNet
from doppelscan.generators.recipe import Training

__all__ = ["FAMILY", "DdpmSettings"]


def _training(settings: DdpmSettings) -> Training:
    return settings.training


def _networks(settings: DdpmSettings, subject: Subject) -> dict[str, nn.Module]:
    unet = UNet(
        subject.n_axes,
        subject.n_channels,
        subject.n_channels * (2 if settings.variance == "learned" else 1),
        Plan(settings.channels, settings.attention, settings.blocks, settings.head_channels, settings.patch),
        n_labels=len(subject.labels),
        n_conditions=n_conditions(settings.training.augmentation, subject.n_axes),
    )
    return {"unet": unet}


def _players(settings: DdpmSettings) -> dict[str, Player]:
    return {"unet": Player(("unet",), settings.learning_rate)}


def _validation(settings: DdpmSettings, networks: Networks, batch: Batch) -> Float[torch.Tensor, " n"]:
    return loss_of_each(settings, networks, batch, batch.labels)


FAMILY = Family(
    name="ddpm",
    presets=PRESETS,
    stages=(Stage("ddpm", _training, _networks, _players, turns, ("unet",), _validation),),
    draw=draw,
    options=frozenset({"guidance", "sampler", "steps"}),
    follows=True,
    derives=True,
    preview=Drawing(sampler="dpm++", steps=20),
    denoiser=denoiser,
)
