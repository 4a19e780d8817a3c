"""Which processes train together? One, or those that `accelerate launch` started, each on its own device."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from doppelscan.encoders.devices import device_named
from doppelscan.generators import doors

__all__ = ["Team"]


@dataclass(frozen=True)
class Team:
    """One process among those that train one model: its number, how many there are, its device."""

    rank: int
    size: int
    device: torch.device

    @staticmethod
    def of(device: str) -> Team:
        """The processes that were launched with this one; alone it takes the device of this name."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return Team(0, 1, device_named(device))
        state = doors.accelerate().PartialState(cpu=device == "cpu")
        return Team(state.process_index, state.num_processes, state.device)

    @property
    def leads(self) -> bool:
        """Whether this process writes what all of them did."""
        return self.rank == 0

    def part(self, n: int) -> range:
        """Which of n images are this process's."""
        return range(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def average(self, tensors: Sequence[torch.Tensor], *, n: int | None = None) -> None:
        """Set each tensor to its mean over the processes; as means over their parts of n images these are weighed."""
        if self.size == 1 or not tensors:
            return
        weight = 1.0 if n is None else len(self.part(n)) * self.size / n
        flat = torch.cat([tensor.flatten().float() for tensor in tensors]) * weight
        mean = doors.accelerate().utils.reduce(flat, reduction="mean")
        for tensor, part in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.reshape(tensor.shape))

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            doors.accelerate().PartialState().wait_for_everyone()
