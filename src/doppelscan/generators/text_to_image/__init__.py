"""Latent diffusion that is told words: any model like Stable Diffusion 1.x or 2.x, fine-tuned (Rombach et al. 2022).

DreamBooth-style, all of the U-Net (Ruiz et al. 2023, without their images of the class), or by LoRA (Hu et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int64

from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.family import Drawing, Family, Networks, Player, Stage
from doppelscan.generators.recipe import Training
from doppelscan.generators.text_to_image.drawing import draw
from doppelscan.generators.text_to_image.objective import beside, encoded, loss_of_each, mean_latents, turns
from doppelscan.generators.text_to_image.parts import PARTS, latents_of, parts, steps_of, unet_of, words_of
from doppelscan.generators.text_to_image.prompts import filled
from doppelscan.generators.text_to_image.settings import PRESETS, TextToImageSettings

__all__ = ["FAMILY", "TextToImageSettings"]


def denoiser(settings: TextToImageSettings, networks: Networks, device: torch.device) -> Denoiser:
    """The U-Net on a device, told the prompts of labels, asked for the noise alone."""
    steps, factor = steps_of(networks), latents_of(networks).factor

    def start(images: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d y x"]:
        return mean_latents(settings, networks, images)

    def noise(
        x: Float[torch.Tensor, "n d y x"], t: Int64[torch.Tensor, " n"], labels: Int64[torch.Tensor, " n"]
    ) -> Float[torch.Tensor, "n d y x"]:
        told, (n, _, h, w) = words_of(networks)(words_of(networks).of(labels)), x.shape
        blank, fresh = x.new_zeros(n, 3, h * factor, w * factor), x.new_ones(n, 1, h * factor, w * factor)
        seen = torch.cat([x, beside(networks, blank, fresh)], 1)
        said: torch.Tensor = unet_of(networks)(seen, t, encoder_hidden_states=told).sample.float()
        if steps.predicts == "epsilon":
            return said
        a = steps.alpha_bar[t].view(-1, 1, 1, 1)
        return a.sqrt() * said + (1 - a).sqrt() * x

    return Denoiser(steps.alpha_bar, start, noise)


def _training(settings: TextToImageSettings) -> Training:
    return settings.training


def _players(settings: TextToImageSettings) -> dict[str, Player]:
    return {"unet": Player(("unet",), settings.learning_rate, weight_decay=0.01)}


def _prompt(settings: TextToImageSettings, columns: Mapping[str, str | None]) -> str:
    return filled(settings.prompt, columns)


FAMILY = Family(
    name="text_to_image",
    presets=PRESETS,
    stages=(
        Stage(
            "text_to_image",
            _training,
            parts,
            _players,
            turns,
            PARTS,
            loss_of_each,
            examples=encoded,
            from_files=True,
        ),
    ),
    draw=draw,
    options=frozenset({"guidance", "sampler", "steps", "prompt", "group"}),
    preview=Drawing(steps=20),
    axes=frozenset({2}),
    channels=frozenset({1, 3}),
    derives=True,
    prompt=_prompt,
    denoiser=denoiser,
)
