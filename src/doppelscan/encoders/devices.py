"""Where tensors live, and what arithmetic is fast there."""

from __future__ import annotations

import torch

from doppelscan.errors import InputError, Problem

__all__ = ["device_named", "has_fast_bfloat16"]


def device_named(name: str) -> torch.device:
    """The torch device of this name; `auto` is a GPU where there is one.

    Raises
    ------
    InputError
        If there is no such device, or nothing can be put on it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch raises either
        raise InputError(Problem(f"device {name!r} cannot be used", cure="auto, cpu or cuda:0")) from error


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware: GPUs since Ampere, processors with AMX."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())  # there is no public way to ask
