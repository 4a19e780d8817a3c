"""What does the paper's network say of images whose head was taken off? EfficientNetV2-M, frozen, from a local file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from doppelscan.encoders.devices import device_named
from doppelscan.encoders.looks import Look
from doppelscan.encoders.pretrained import PretrainedEncoder
from doppelscan.errors import InputError, Problem
from doppelscan.generators.chance import seeded
from doppelscan.settings import Resources
from doppelscan.store import fingerprint_file
from doppelscan.utility.efficientnet_v2 import STAGES_M, EfficientNetV2, Stage
from doppelscan.utility.networks import start_from

__all__ = ["backbone", "is_backbone"]

_LOOK = Look(
    224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear"
)  # 224 pixels, as Sagers et al. have them
_CURE = (
    "weights of EfficientNetV2-M under torchvision's names, as safetensors: "
    "safetensors.torch.save_file(torchvision.models.efficientnet_v2_m(weights='DEFAULT').state_dict(), FILE)"
)


def is_backbone(name: str) -> bool:
    """Whether an encoder's name is that of such a file."""
    return name.endswith(".safetensors")


def backbone(
    path: Path,
    *,
    resources: Resources | None = None,
    stages: tuple[Stage, ...] = STAGES_M,
    width: int = 1280,
    look: Look = _LOOK,
) -> PretrainedEncoder:
    """The network with the weights of this file and without its last layer; images are shown to it as photographs.

    Raises
    ------
    InputError
        If there is no such file, or its tensors are not this network's.
    """
    if not path.is_file():
        raise InputError(Problem("there is nothing here", where=str(path), cure=_CURE))
    with seeded(torch.device("cpu"), 0, "weights that are about to be read"):
        network = EfficientNetV2(3, 2, stages=stages, width=width)
    start_from(network, path)
    network.classifier = nn.Sequential()
    device = device_named((resources or Resources()).device)
    return PretrainedEncoder(network.to(device).eval(), look, device, fingerprint_file(path))
