"""Where does the chance of a step of training come from? Torch's own generators, seeded for it alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from doppelscan.seeds import stream

__all__ = ["seeded"]


@contextlib.contextmanager
def seeded(device: torch.device, seed: int, *names: str | int) -> Iterator[None]:
    """Until the block ends torch's own generators start from a named stream; then they are as before."""
    with torch.random.fork_rng([] if device.type == "cpu" else [device]):
        torch.manual_seed(int(stream(seed, *names).integers(2**63)))
        yield
