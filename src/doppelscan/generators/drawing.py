"""How are images drawn so that each depends on its seed alone? In batches that are always of one size."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Shaped

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.generators.description import Description
from doppelscan.generators.family import Draw, Drawing, Given, Guide, Networks, Subject
from doppelscan.generators.memory import memory_of, most_bytes
from doppelscan.generators.noise import Noise
from doppelscan.generators.strategies.derivation import Origin
from doppelscan.generators.wanted import Wanted

__all__ = ["at_once", "batch_size", "drawn"]

_TOGETHER = {"cpu": (2**16, 16), "cuda": (2**26, 64)}  # more pixels of all channels, or images, gain nothing


def at_once(subject: Subject, device: torch.device) -> int:
    """Images of this shape that are worth drawing together, if memory holds them."""
    pixels, images = _TOGETHER.get(device.type, _TOGETHER["cpu"])
    return max(1, min(pixels // math.prod(subject.shape), images))


@torch.no_grad()
def batch_size(about: Description, networks: Networks, *, options: Drawing, device: torch.device) -> int:
    """Images that are drawn together: for one model on one device always the same number.

    As many as are worth it and as half of the device's memory holds, told from what one image takes.
    """
    most = at_once(about.subject, device)
    if most == 1:
        return 1
    once = replace(options, steps=1 if "steps" in about.kind.options else None)
    one = Draw(Noise.of([0], device), torch.full((1,), -1, device=device), once)
    taken = most_bytes(lambda: _within_memory(about, networks, one), besides=networks)
    return max(1, min(most, memory_of(device) // 2 // max(taken, 1)))


@torch.no_grad()
def drawn(
    about: Description,
    networks: Networks,
    wanted: Wanted,
    *,
    options: Drawing,
    device: torch.device,
    guide: Guide | None = None,
    size: int | None = None,
) -> Shaped[np.ndarray, "n c *space"]:
    """The images that are wanted, in the type and range of the training set, so many at a time.

    Batches are filled up with repetitions: sums over batches of one size run in one order, so that an image does
    not change with its company.

    Raises
    ------
    InputError
        If one batch does not fit in the device's memory.
    UnreadableImage
        If an image that others are made from cannot be read, or what is drawn is no number.
    """
    size = size or batch_size(about, networks, options=options, device=device)
    parts, n = [], len(wanted.seeds)
    for start in range(0, n, size):
        batch = wanted.take(np.resize(np.arange(start, min(start + size, n)), size))
        asked = Draw(
            Noise.of([int(seed) for seed in batch.seeds], device),
            torch.from_numpy(batch.labels).to(device),
            options,
            guide,
            batch.prompts,
        )
        if batch.origin is None:
            made = about.intensities.restored(_finite(_within_memory(about, networks, asked)))
        else:
            made = _derived(about, networks, asked, batch.origin)
        parts.append(made[: n - start])
    return np.concatenate(parts)


def _derived(
    about: Description, networks: Networks, asked: Draw, origin: Origin
) -> Shaped[np.ndarray, "n c *space"]:
    """Images made from others; what is not drawn anew keeps its pixels as they are stored."""
    stored, space = origin.pixels(), about.subject.space
    values = about.intensities.scaled(stored).to(asked.device)
    drawn_anew = np.zeros((len(stored), 1, *space), dtype=bool)
    for passed in origin.passes(space):
        drawn_anew |= passed[:, None]
        fresh = torch.from_numpy(passed[:, None]).float().to(asked.device)
        given = Given(values, fresh, origin.strategy.strength)
        made = _finite(_within_memory(about, networks, replace(asked, given=given)))
        values = torch.where(fresh > 0, made.clamp(-1, 1), values)
    return np.where(drawn_anew, about.intensities.restored(values), stored)


def _finite(values: torch.Tensor) -> torch.Tensor:
    if not bool(torch.isfinite(values).all()):
        raise UnreadableImage("the model drew what is no number")
    return values


def _within_memory(about: Description, networks: Networks, asked: Draw) -> torch.Tensor:
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            return about.kind.draw(about.settings, networks, about.subject, asked).float()
    except torch.OutOfMemoryError as error:
        what = (
            f"{len(asked.labels)} images of {about.subject.shape} do not fit in the memory of {asked.device}"
        )
        raise InputError(Problem(what, cure="draw on another device, with --device")) from error
