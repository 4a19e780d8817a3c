"""How are images drawn so that each depends on its seed alone? In batches that are always of one size."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.generators.description import Description
from doppelscan.generators.family import Draw, Drawing, Guide, Networks, Subject
from doppelscan.generators.noise import Noise

__all__ = ["at_once", "drawn"]

_TOGETHER = {"cpu": (2**16, 16), "cuda": (2**22, 64)}  # the most pixels of all channels, and images


def at_once(subject: Subject, device: torch.device) -> int:
    """Images that are drawn together: for one shape on one kind of device always the same number."""
    pixels, images = _TOGETHER.get(device.type, _TOGETHER["cpu"])
    return max(1, min(pixels // math.prod(subject.shape), images))


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
) -> Shaped[np.ndarray, "n c *space"]:
    """One image for each seed and label, in the type and range of the training set.

    Batches are filled up with repetitions: sums over batches of one size run in one order, so that an image does
    not change with its company.

    Raises
    ------
    InputError
        If one batch does not fit in the device's memory.
    """
    size = at_once(about.subject, device)
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
