"""Which network sees the images? A small residual one by default; two of paper B."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.encoders.contrastive.dar_networks import ResNet50, Strided
from doppelscan.encoders.contrastive.settings import Recipe

__all__ = ["Compact", "network_for"]

_CONV = {2: nn.Conv2d, 3: nn.Conv3d}
_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_LAYOUT = {2: torch.channels_last, 3: torch.channels_last_3d}  # in which processors convolve fastest


def network_for(recipe: Recipe, n_channels: int, space: tuple[int, ...]) -> nn.Module:
    """The network of this recipe, with weights drawn from torch's generator."""
    if recipe.network == "resnet50":
        return ResNet50(n_channels, recipe.n_outputs)
    if recipe.network == "strided":
        return Strided(n_channels, space, recipe.n_outputs)
    return Compact(n_channels, len(space), recipe.n_outputs, recipe.width)


class Compact(nn.Module):
    """Two strided convolutions, three residual stages, generalised-mean pooling, a centred linear map.

    Centred outputs make cosine similarity, which training uses, the Pearson correlation that searches use.
    """

    def __init__(self, n_channels: int, n_axes: int, n_outputs: int, width: int) -> None:
        super().__init__()
        self.layout = _LAYOUT[n_axes]
        self.stem = nn.Sequential(
            *_convolution(n_axes, n_channels, width // 2, stride=2),
            nn.ReLU(),
            *_convolution(n_axes, width // 2, width, stride=2),
            nn.ReLU(),
        )
        self.stages = nn.Sequential(
            _Residual(n_axes, width, width),
            _Residual(n_axes, width, 2 * width),
            _Residual(n_axes, 2 * width, 4 * width),
        )
        self.power = nn.Parameter(torch.tensor(3.0))
        self.head = nn.Linear(4 * width, n_outputs)

    def forward(self, images: Float[torch.Tensor, "n c *space"]) -> Float[torch.Tensor, "n d"]:
        """The vectors of images."""
        images = images.contiguous(memory_format=self.layout)
        features = self.stages(self.stem(images)).flatten(2).clamp(min=1e-4)
        pooled = features.pow(self.power).mean(2).pow(1 / self.power)
        vectors: torch.Tensor = self.head(pooled)
        return vectors - vectors.mean(1, keepdim=True)


class _Residual(nn.Module):
    """Two convolutions and a way around them; half as large in space where there are more channels."""

    def __init__(self, n_axes: int, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.body = nn.Sequential(
            *_convolution(n_axes, before, after, stride=stride),
            nn.ReLU(),
            *_convolution(n_axes, after, after),
        )
        around = _convolution(n_axes, before, after, size=1, stride=2) if stride == 2 else []
        self.around = nn.Sequential(*around)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.around(x))


def _convolution(n_axes: int, before: int, after: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution without bias, and what normalises it over the batch."""
    convolution = _CONV[n_axes](before, after, size, stride, size // 2, bias=False)
    return [convolution, _NORM[n_axes](after)]
