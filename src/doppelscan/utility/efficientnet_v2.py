"""EfficientNetV2-M (Tan and Le 2021, arXiv 2104.00298), for images with two or three axes of space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["STAGES_M", "EfficientNetV2", "Stage"]

_EPSILON = 1e-3  # of batch normalisation, as the paper's networks have it


@dataclass(frozen=True)
class Stage:
    """Blocks of one width; `expansion` is that of their inner channels, `fused` ones have no depthwise convolution."""

    kind: Literal["fused", "depthwise"]
    expansion: int
    channels: int
    blocks: int
    stride: int


STAGES_M = (
    Stage("fused", 1, 24, 3, 1),
    Stage("fused", 4, 48, 5, 2),
    Stage("fused", 4, 80, 5, 2),
    Stage("depthwise", 4, 160, 7, 2),
    Stage("depthwise", 6, 176, 14, 1),
    Stage("depthwise", 6, 304, 18, 2),
    Stage("depthwise", 6, 512, 5, 1),
)


class EfficientNetV2(nn.Module):
    """Stem, stages, head; its tensors have the names under which published weights of this network are known."""

    def __init__(
        self,
        n_channels: int,
        n_classes: int,
        n_axes: int = 2,
        *,
        stages: tuple[Stage, ...] = STAGES_M,
        width: int = 1280,
        drop: float = 0.3,
        drop_path: float = 0.2,
    ) -> None:
        super().__init__()
        stem = stages[0].channels
        layers: list[nn.Module] = [_convolved(n_channels, stem, 3, 2, n_axes)]
        before, done, total = stem, 0, sum(stage.blocks for stage in stages)
        for stage in stages:
            blocks = []
            for number in range(stage.blocks):
                stride = stage.stride if number == 0 else 1
                skip = drop_path * done / total
                blocks.append(_Block(before, stage, stride, n_axes, skip))
                before, done = stage.channels, done + 1
            layers.append(nn.Sequential(*blocks))
        layers.append(_convolved(before, width, 1, 1, n_axes))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(drop), nn.Linear(width, n_classes))

    def forward(self, images: Float[Tensor, "n c *space"]) -> Float[Tensor, "n k"]:
        """Scores of the classes."""
        return torch.as_tensor(self.classifier(self.features(images).flatten(2).mean(dim=2)))


class _Block(nn.Module):
    """MBConv, or FusedMBConv; its input is added where it has the same shape, its own part left out by chance."""

    def __init__(self, before: int, stage: Stage, stride: int, n_axes: int, skip: float) -> None:
        super().__init__()
        inner, after = before * stage.expansion, stage.channels
        if stage.kind == "fused" and stage.expansion == 1:
            layers: list[nn.Module] = [_convolved(before, after, 3, stride, n_axes)]
        elif stage.kind == "fused":
            layers = [
                _convolved(before, inner, 3, stride, n_axes),
                _convolved(inner, after, 1, 1, n_axes, active=False),
            ]
        else:
            layers = [
                _convolved(before, inner, 1, 1, n_axes),
                _convolved(inner, inner, 3, stride, n_axes, groups=inner),
                _Attention(inner, max(1, before // 4), n_axes),
                _convolved(inner, after, 1, 1, n_axes, active=False),
            ]
        self.block = nn.Sequential(*layers)
        self.skip = skip if stride == 1 and before == after else None

    def forward(self, seen: Float[Tensor, "n c *space"]) -> Float[Tensor, "n d *small"]:
        found = torch.as_tensor(self.block(seen))
        if self.skip is None:
            return found
        if self.training and self.skip > 0:
            kept = torch.rand(len(seen), *[1] * (seen.ndim - 1), device=seen.device) >= self.skip
            found = found * kept / (1 - self.skip)
        return seen + found


class _Attention(nn.Module):
    """Squeeze and excitation: every channel weighed by what all of them hold on average."""

    def __init__(self, channels: int, squeezed: int, n_axes: int) -> None:
        super().__init__()
        kind = {2: nn.Conv2d, 3: nn.Conv3d}[n_axes]
        self.fc1, self.fc2 = kind(channels, squeezed, 1), kind(squeezed, channels, 1)

    def forward(self, seen: Float[Tensor, "n c *space"]) -> Float[Tensor, "n c *space"]:
        mean = seen.mean(dim=tuple(range(2, seen.ndim)), keepdim=True)
        return seen * torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(mean))))


def _convolved(
    before: int, after: int, side: int, stride: int, n_axes: int, *, groups: int = 1, active: bool = True
) -> nn.Sequential:
    """A convolution without bias, batch normalisation, and SiLU."""
    kind, norm = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[n_axes]
    layer = kind(before, after, side, stride, side // 2, groups=groups, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out")
    return nn.Sequential(layer, norm(after, eps=_EPSILON), *([nn.SiLU()] if active else []))
