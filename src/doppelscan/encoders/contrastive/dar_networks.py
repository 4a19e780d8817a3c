"""Which networks does paper B use? A ResNet-50 on images, a strided encoder on volumes (Dar et al. 2025)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import nn

__all__ = ["ResNet50", "Strided"]


class ResNet50(nn.Module):
    """ResNet-50 (He et al. 2016, table 1) with a first layer for any number of channels and a linear head."""

    def __init__(self, n_channels: int, n_outputs: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(n_channels, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.stages = nn.Sequential(*_bottlenecks())
        self.head = nn.Linear(2048, n_outputs)

    def forward(self, images: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d"]:
        """The vectors of images."""
        features = self.stages(self.stem(images.contiguous(memory_format=torch.channels_last)))
        vectors: torch.Tensor = self.head(features.mean((2, 3)))
        return vectors


def _bottlenecks() -> Iterator[nn.Module]:
    """The 3, 4, 6 and 3 blocks of the four stages."""
    before = 64
    for stage, n_blocks in enumerate((3, 4, 6, 3)):
        for block in range(n_blocks):
            yield _Bottleneck(before, 64 * 2**stage, stride=2 if stage and not block else 1)
            before = 256 * 2**stage


class _Bottleneck(nn.Module):
    """Convolutions of 1, 3 and 1 pixels and a way around them; the middle one is strided."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = 4 * width
        self.body = nn.Sequential(
            nn.Conv2d(before, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        around = [nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)]
        self.around = nn.Sequential(*(around if before != after else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.around(x))


class Strided(nn.Module):
    """Convolutions of 16 to 1,024 filters down to 4x4x4, one to 8 channels, and two dense layers.

    Each doubling of the filters halves the axes that stay at 4 or more; what is left is averaged to 4.
    """

    def __init__(self, n_channels: int, space: tuple[int, ...], n_outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv3d(n_channels, 16, 3, padding=1), nn.ReLU()]
        for before, after in itertools.pairwise(16 * 2**doubling for doubling in range(7)):
            z, y, x = (2 if length >= 8 else 1 for length in space)
            space = tuple(-(-length // step) for length, step in zip(space, (z, y, x), strict=True))
            layers += [nn.Conv3d(before, after, 3, (z, y, x), padding=1), nn.ReLU()]
        layers += [nn.AdaptiveAvgPool3d(4), nn.Conv3d(1024, 8, 1), nn.Flatten()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(512, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, n_outputs))

    def forward(self, volumes: Float[torch.Tensor, "n c z y x"]) -> Float[torch.Tensor, "n d"]:
        """The vectors of volumes."""
        vectors: torch.Tensor = self.head(self.features(volumes))
        return vectors
