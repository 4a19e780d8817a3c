"""How does noise become an image? Step by step back, by one of diffusers' schedulers, each image by its own seed."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import torch
from jaxtyping import Float, Int64

from doppelscan.errors import InputError, Problem
from doppelscan.generators import doors
from doppelscan.generators.beginning import Beginning, begun, put_back
from doppelscan.generators.ddpm.schedule import betas_of, evenly_less_noisy
from doppelscan.generators.ddpm.settings import DdpmSettings, Sampler
from doppelscan.generators.family import Draw, Guide, Networks, Subject

__all__ = ["draw", "foreseen", "led", "scheduler_of"]


def draw(
    settings: DdpmSettings, networks: Networks, subject: Subject, asked: Draw
) -> Float[torch.Tensor, "n c *space"]:
    """Images drawn by ancestral sampling, DDIM or DPM-Solver++."""
    options = asked.options
    guidance = settings.guidance if options.guidance is None else options.guidance
    scheduler = scheduler_of(settings, options.sampler or settings.sampler, options.steps)
    generators = list(asked.noise.generators)
    noise, given = asked.noise.normal(*subject.shape), asked.given
    beginning = None if given is None else Beginning(given.images, given.fresh, given.strength)
    x, steps = begun(scheduler, noise, beginning)
    says = _plain if guidance == 1 or not subject.labels else _guided
    for t, after in zip(steps, [*steps[1:], None], strict=True):
        said = says(networks["unet"], x, _each(t, asked), asked.labels, guidance)
        if asked.guide is not None:
            said = led(settings, scheduler, said, x, t, asked.guide)
        x = _step_back(scheduler, settings, said, t, x, generators)
        x = put_back(scheduler, x, noise, beginning, after)
    return x


def led(
    settings: DdpmSettings,
    scheduler: Any,
    said: Float[torch.Tensor, "n d *space"],
    x: Float[torch.Tensor, "n c *space"],
    t: int,
    guide: Guide,
) -> Float[torch.Tensor, "n d *space"]:
    """What the network would have said had it foreseen the images that the guide leads to."""
    n_channels = x.shape[1]
    mean, variance = said[:, :n_channels], said[:, n_channels:]
    expected = foreseen(settings, scheduler, mean, x, t)
    wanted = guide(expected, t)
    signal, noise = _signal_and_noise(scheduler, t)
    anew = (signal * x - wanted) / noise if settings.predicts == "v" else (x - signal * wanted) / noise
    changed = (wanted != expected).flatten(1).any(1).view(-1, *[1] * (x.ndim - 1))
    return torch.cat([torch.where(changed, anew, mean), variance], dim=1)


def foreseen(
    settings: DdpmSettings,
    scheduler: Any,
    said: Float[torch.Tensor, "n c *space"],
    x: Float[torch.Tensor, "n c *space"],
    t: int,
) -> Float[torch.Tensor, "n c *space"]:
    """The finished images that the network's word at step t amounts to (Ho et al. 2020, eq. 15)."""
    signal, noise = _signal_and_noise(scheduler, t)
    return signal * x - noise * said if settings.predicts == "v" else (x - noise * said) / signal


def _signal_and_noise(scheduler: Any, t: int) -> tuple[float, float]:
    """The roots of the shares of signal and noise after step t."""
    share = float(scheduler.alphas_cumprod[t])
    return share**0.5, (1 - share) ** 0.5


def scheduler_of(settings: DdpmSettings, sampler: str, steps: int | None) -> Any:
    """The scheduler of this name, set to so many steps; the ancestral one takes all of them by default.

    Raises
    ------
    InputError
        If there is no such sampler, or it cannot take so many steps.
    """
    if sampler not in get_args(Sampler):
        cure = f"one of {', '.join(get_args(Sampler))}"
        raise InputError(Problem(f"{sampler!r} is no sampler", where="--sampler", cure=cure))
    default = settings.steps if sampler == "ddpm" and settings.sampler != "ddpm" else settings.sampler_steps
    count = steps or default
    if not 1 <= count <= settings.steps:
        raise InputError(Problem(f"{count} steps", where="--steps", cure=f"1 to {settings.steps}"))
    diffusers = doors.diffusers()
    beta = betas_of(settings.schedule, settings.steps)
    shared = {
        "num_train_timesteps": settings.steps,
        "trained_betas": beta,
        "prediction_type": "epsilon" if settings.predicts == "epsilon" else "v_prediction",
    }
    made = {"ddpm": _ancestral, "ddim": _implicit, "dpm++": _solver}[sampler](diffusers, settings, shared)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # diffusers' own, about NumPy 2
        if sampler == "dpm++":
            made.set_timesteps(timesteps=evenly_less_noisy(beta, count))
        else:
            made.set_timesteps(count)
    return made


def _ancestral(diffusers: Any, settings: DdpmSettings, shared: dict[str, Any]) -> Any:
    """Ho et al. 2020, algorithm 2."""
    variance = {"small": "fixed_small", "large": "fixed_large", "learned": "learned_range"}[settings.variance]
    return diffusers.DDPMScheduler(
        **shared, variance_type=variance, timestep_spacing="trailing", clip_sample=settings.bounded
    )


def _implicit(diffusers: Any, settings: DdpmSettings, shared: dict[str, Any]) -> Any:
    """Song et al. 2021."""
    return diffusers.DDIMScheduler(**shared, timestep_spacing="trailing", clip_sample=settings.bounded)


def _solver(diffusers: Any, settings: DdpmSettings, shared: dict[str, Any]) -> Any:
    """Lu et al. 2022, second order, multistep."""
    return diffusers.DPMSolverMultistepScheduler(**shared, final_sigmas_type="zero")


def _each(t: int, asked: Draw) -> Int64[torch.Tensor, " n"]:
    """The step, for each image."""
    return torch.full((len(asked.labels),), t, device=asked.device)


def _plain(
    unet: torch.nn.Module,
    x: Float[torch.Tensor, "n c *space"],
    t: Int64[torch.Tensor, " n"],
    labels: Int64[torch.Tensor, " n"],
    _guidance: float,
) -> Float[torch.Tensor, "n d *space"]:
    """What the network says."""
    said: torch.Tensor = unet(x, t, labels)
    return said.float()


def _guided(
    unet: torch.nn.Module,
    x: Float[torch.Tensor, "n c *space"],
    t: Int64[torch.Tensor, " n"],
    labels: Int64[torch.Tensor, " n"],
    guidance: float,
) -> Float[torch.Tensor, "n d *space"]:
    """What it says, pushed away from what it says without a label (Ho & Salimans 2022, eq. 6)."""
    both = unet(torch.cat([x, x]), torch.cat([t, t]), torch.cat([labels, torch.full_like(labels, -1)]))
    with_label, without = both.float().chunk(2)
    pushed: torch.Tensor = without + guidance * (with_label - without)
    return pushed


def _step_back(
    scheduler: Any,
    settings: DdpmSettings,
    said: Float[torch.Tensor, "n d *space"],
    t: int,
    x: Float[torch.Tensor, "n c *space"],
    generators: list[torch.Generator],
) -> Float[torch.Tensor, "n c *space"]:
    """One step of the scheduler; only the ancestral one asks for a learned variance."""
    ancestral = type(scheduler).__name__ == "DDPMScheduler"
    if settings.variance == "learned" and not ancestral:
        said = said.chunk(2, dim=1)[0]
    chance = {"generator": generators} if ancestral else {}
    before: torch.Tensor = scheduler.step(said, t, x, **chance).prev_sample
    return before
