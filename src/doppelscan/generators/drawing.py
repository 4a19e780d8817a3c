"""How are images drawn so that each depends on its seed alone? In batches that are always of one size."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.generators.description import Description
from doppelscan.generators.family import Draw, Drawing, Guide, Networks, Subject
from doppelscan.generators.memory import memory_of, most_bytes
from doppelscan.generators.noise import Noise

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
    *,
    seeds: Int64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    options: Drawing,
    device: torch.device,
    guide: Guide | None = None,
    size: int | None = None,
) -> Shaped[np.ndarray, "n c *space"]:
    """One image for each seed and label, in the type and range of the training set, so many at a time.

    Batches are filled up with repetitions: sums over batches of one size run in one order, so that an image does
    not change with its company.

    Raises
    ------
    InputError
        If one batch does not fit in the device's memory.
    """
    size = size or batch_size(about, networks, options=options, device=device)
    parts = []
    for start in range(0, len(seeds), size):
        chosen = np.resize(np.arange(start, min(start + size, len(seeds))), size)
        asked = Draw(
            Noise.of([int(seed) for seed in seeds[chosen]], device),
            torch.from_numpy(labels[chosen]).to(device),
            options,
            guide,
        )
        values = _within_memory(about, networks, asked)
        parts.append(about.intensities.restored(values)[: len(seeds) - start])
    return np.concatenate(parts)


def _within_memory(about: Description, networks: Networks, asked: Draw) -> torch.Tensor:
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            return about.kind.draw(about.settings, networks, about.subject, asked).float()
    except torch.OutOfMemoryError as error:
        what = (
            f"{len(asked.labels)} images of {about.subject.shape} do not fit in the memory of {asked.device}"
        )
        raise InputError(Problem(what, cure="draw on another device, with --device")) from error
