"""Which network is trained whole, and what does it start from? MONAI's, or the paper's; random or from a file."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.store import read_tensors
from doppelscan.utility.efficientnet_v2 import EfficientNetV2

__all__ = ["network_named", "start_from"]


def network_named(name: str, n_channels: int, n_classes: int, n_axes: int) -> nn.Module:
    """A network with random weights, drawn from torch's present state of chance.

    Raises
    ------
    MissingExtra
        If it is one of MONAI's, and MONAI is not installed.
    """
    if name == "efficientnetv2-m":
        return EfficientNetV2(n_channels, n_classes, n_axes)
    nets = _monai()
    network: nn.Module
    if name == "densenet":
        network = nets.DenseNet121(spatial_dims=n_axes, in_channels=n_channels, out_channels=n_classes)
    elif name == "resnet":
        network = nets.resnet18(spatial_dims=n_axes, n_input_channels=n_channels, num_classes=n_classes)
    else:
        network = nets.EfficientNetBN(
            "efficientnet-b0",
            pretrained=False,
            spatial_dims=n_axes,
            in_channels=n_channels,
            num_classes=n_classes,
        )
    return network


def start_from(network: nn.Module, path: Path) -> None:
    """Give the network the weights of a safetensors file, all but those of its last layer, whose classes are others.

    A first layer that was made for other channels is summed over them and shared out.

    Raises
    ------
    InputError
        If the file lacks tensors of the network, or they have other shapes; it names them.
    """
    kept, _ = read_tensors(path)
    own = network.state_dict()
    last = {name for name in own if name.startswith(_last_layer(network))}
    wrong, taken = [], {}
    for name, value in own.items():
        if name in last or name.endswith("num_batches_tracked"):
            continue
        found = _fitting(kept.get(name), tuple(value.shape))
        if found is None:
            wrong.append(name)
        else:
            taken[name] = torch.from_numpy(found).to(value.dtype)
    if wrong:
        what = f"lacks, or has in another shape, {len(wrong)} tensors: {', '.join(wrong[:3])}"
        raise InputError(Problem(what, where=str(path), cure="give weights of the same network"))
    network.load_state_dict(taken, strict=False)


def _monai() -> ModuleType:
    """The one door to MONAI."""
    try:
        return importlib.import_module("monai.networks.nets")
    except ImportError as error:
        raise MissingExtra("monai", "utility", "a classifier of MONAI's") from error


def _last_layer(network: nn.Module) -> str:
    """The name of the last linear layer."""
    names: list[str] = [name for name, part in network.named_modules() if isinstance(part, nn.Linear)]
    return names[-1]


def _fitting(found: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    if found is None or found.shape == shape:
        return found
    same = len(shape) > 2 and (found.shape[0], *found.shape[2:]) == (shape[0], *shape[2:])
    if not same:
        return None
    return np.repeat(found.sum(axis=1, keepdims=True) / shape[1], shape[1], axis=1)
