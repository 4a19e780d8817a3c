"""How do words become an image? Noise is taken from latents step by step, told the prompt, then they are decoded."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import torch
from jaxtyping import Float

from doppelscan.errors import InputError, Problem
from doppelscan.generators import doors
from doppelscan.generators.beginning import Beginning, begun, put_back
from doppelscan.generators.family import Draw, Networks, Subject
from doppelscan.generators.text_to_image.objective import beside, mean_latents
from doppelscan.generators.text_to_image.parts import Codes, Shown, latents_of, steps_of, unet_of, words_of
from doppelscan.generators.text_to_image.settings import Sampler, TextToImageSettings

__all__ = ["draw", "scheduler_of"]


@torch.no_grad()
def draw(
    settings: TextToImageSettings, networks: Networks, subject: Subject, asked: Draw
) -> Float[torch.Tensor, "n c h w"]:
    """Images of these prompts, from noise alone or from the images that are given."""
    options, latents, n = asked.options, latents_of(networks), len(asked.labels)
    guidance = settings.guidance if options.guidance is None else options.guidance
    scheduler = scheduler_of(settings, networks, options.sampler or settings.sampler, options.steps)
    generators = list(asked.noise.generators)
    noise = asked.noise.normal(latents.n_channels, *latents.places(subject.space))
    beginning, shown = _given(settings, networks, subject, asked)
    ancestral = type(scheduler).__name__ == "DDPMScheduler"
    told = _told(networks, asked, guided=guidance != 1)
    x, steps = begun(scheduler, noise, beginning)
    for t, after in zip(steps, [*steps[1:], None], strict=True):
        seen = torch.cat([x, shown], 1)
        said = _said(networks, seen.repeat(len(told) // n, 1, 1, 1), t, told)
        if guidance != 1:  # Ho & Salimans 2022, eq. 6
            with_prompt, without = said.chunk(2)
            said = without + guidance * (with_prompt - without)
        chance = {"generator": generators} if ancestral else {}
        x = scheduler.step(said, t, x, **chance).prev_sample
        x = put_back(scheduler, x, noise, beginning if shown.shape[1] == 0 else None, after)
    return latents.images(x, subject)


def scheduler_of(settings: TextToImageSettings, networks: Networks, sampler: str, steps: int | None) -> Any:
    """The scheduler of this name with the model's own noise, set to so many steps.

    Raises
    ------
    InputError
        If there is no such sampler, or it cannot take so many steps.
    """
    count, most = steps or settings.sampler_steps, len(steps_of(networks).alpha_bar)
    if sampler not in get_args(Sampler):
        cure = f"one of {', '.join(get_args(Sampler))}"
        raise InputError(Problem(f"{sampler!r} is no sampler", where="--sampler", cure=cure))
    if not 1 <= count <= most:
        raise InputError(Problem(f"{count} steps", where="--steps", cure=f"1 to {most}"))
    diffusers = doors.diffusers()
    config = steps_of(networks).config | {"clip_sample": False}  # latents may be of any size
    kind = {
        "dpm++": diffusers.DPMSolverMultistepScheduler,
        "ddim": diffusers.DDIMScheduler,
        "ddpm": diffusers.DDPMScheduler,
    }[sampler]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # diffusers' own, about NumPy 2
        made = kind.from_config(config)
        made.set_timesteps(count)
    return made


def _given(
    settings: TextToImageSettings, networks: Networks, subject: Subject, asked: Draw
) -> tuple[Beginning | None, Shown]:
    """What diffusion begins from, if from images; and what a model that inpaints sees beside its latents."""
    n, space = len(asked.labels), subject.space
    if asked.given is None:
        blank = torch.zeros(n, subject.n_channels, *space, device=asked.device)
        return None, beside(networks, blank, torch.ones(n, 1, *space, device=asked.device))
    given = asked.given
    x0 = mean_latents(settings, networks, given.images)
    beginning = Beginning(x0, latents_of(networks).coarse(given.fresh), given.strength)
    return beginning, beside(networks, given.images, given.fresh)


def _told(networks: Networks, asked: Draw, *, guided: bool) -> Float[torch.Tensor, "m length width"]:
    """What the U-Net hears of each image and, to be guided, of as many without a prompt."""
    words = words_of(networks)
    prompts = list(asked.prompts or words.of(asked.labels))
    heard: torch.Tensor = words(prompts + [""] * len(prompts) if guided else prompts)
    return heard


def _said(networks: Networks, seen: torch.Tensor, t: int, told: torch.Tensor) -> Codes:
    times = torch.full((len(seen),), t, device=seen.device)
    said: torch.Tensor = unet_of(networks)(seen, times, encoder_hidden_states=told).sample
    return said.float()
