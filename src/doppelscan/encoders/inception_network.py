"""What is the Inception network of the FID literature? Inception-v3 as TensorFlow published it in December 2015.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (CVPR 2016), table 1, with what sets those
weights apart from later ones: 1008 classes, mean pooling that does not count the padding, and in the last
block the maximum in place of the mean. Parameters are named as in the file that the field shares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

__all__ = ["N_CLASSES", "N_FEATURES", "SIDE", "InceptionNetwork"]

SIDE, N_FEATURES, N_CLASSES = 299, 2048, 1008

Pool = Callable[[torch.Tensor], torch.Tensor]

_MEAN: Pool = partial(functional.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_MAXIMUM: Pool = partial(functional.max_pool2d, kernel_size=3, stride=1, padding=1)
_HALVED: Pool = partial(functional.max_pool2d, kernel_size=3, stride=2)
_THEN_HALVED = {"Conv2d_2b_3x3", "Conv2d_4a_3x3"}


class InceptionNetwork(nn.Module):
    """Images of 299 pixels, between -1 and 1, to 2048 features (`pool3`) and 1008 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Convolution(3, 32, (3, 3), stride=2)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, (3, 3))
        self.Conv2d_2b_3x3 = _Convolution(32, 64, (3, 3), padded=True)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = _Convolution(80, 192, (3, 3))
        self.Mixed_5b = _wide(192, 32)
        self.Mixed_5c = _wide(256, 64)
        self.Mixed_5d = _wide(288, 64)
        self.Mixed_6a = _to_17_pixels(288)
        self.Mixed_6b = _factorised(128)
        self.Mixed_6c = _factorised(160)
        self.Mixed_6d = _factorised(160)
        self.Mixed_6e = _factorised(192)
        self.Mixed_7a = _to_8_pixels(768)
        self.Mixed_7b = _forked(1280, _MEAN)
        self.Mixed_7c = _forked(2048, _MAXIMUM)
        self.fc = nn.Linear(N_FEATURES, N_CLASSES)

    def forward(
        self, images: Float[torch.Tensor, "n 3 299 299"]
    ) -> tuple[Float[torch.Tensor, "n 2048"], Float[torch.Tensor, "n 1008"]]:
        """Features and logits."""
        maps = images
        for stage in self._stages():
            maps = stage(maps)
        features = maps.mean((2, 3))
        return features, self.fc(features)

    def _stages(self) -> list[Pool]:
        """All that the maps pass, in order."""
        stages: list[Pool] = []
        for name, stage in self.named_children():
            stages += [stage, _HALVED] if name in _THEN_HALVED else [stage]
        return stages[:-1]


class _Convolution(nn.Module):
    """A convolution without bias, normalised and cut off at zero."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], *, stride: int = 1, padded: bool = False
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, maps: Float[torch.Tensor, "n a h w"]) -> Float[torch.Tensor, "n b i j"]:
        return functional.relu(self.bn(self.conv(maps)), inplace=True)


@dataclass(frozen=True)
class _Layer:
    """A convolution in a branch, by its name in the file; with a stride it is not padded."""

    name: str
    outputs: int
    kernel: tuple[int, int]
    stride: int = 1


@dataclass(frozen=True)
class _Branch:
    """Pooling, if any, then steps; the layers of one step stand side by side."""

    steps: Sequence[Sequence[_Layer]]
    pool: Pool | None = None


class _Mixed(nn.Module):
    """Branches side by side, their maps joined."""

    def __init__(self, inputs: int, branches: Sequence[_Branch]) -> None:
        super().__init__()
        self.branches = branches
        for branch in branches:
            channels = inputs
            for step in branch.steps:
                for layer in step:
                    self.add_module(layer.name, _convolution(channels, layer))
                channels = sum(layer.outputs for layer in step)

    def forward(self, maps: Float[torch.Tensor, "n a h w"]) -> Float[torch.Tensor, "n b i j"]:
        return torch.cat([self._along(branch, maps) for branch in self.branches], 1)

    def _along(self, branch: _Branch, maps: torch.Tensor) -> torch.Tensor:
        if branch.pool is not None:
            maps = branch.pool(maps)
        for step in branch.steps:
            maps = torch.cat([self.get_submodule(layer.name)(maps) for layer in step], 1)
        return maps


def _convolution(inputs: int, layer: _Layer) -> _Convolution:
    return _Convolution(inputs, layer.outputs, layer.kernel, stride=layer.stride, padded=layer.stride == 1)


def _chain(*layers: _Layer) -> _Branch:
    return _Branch([[layer] for layer in layers])


def _pooled(pool: Pool, outputs: int) -> _Branch:
    return _Branch([[_Layer("branch_pool", outputs, (1, 1))]], pool)


def _wide(inputs: int, pooled: int) -> _Mixed:
    """A block of 35 x 35 pixels (figure 5 of the paper, its 5 x 5 kept whole)."""
    return _Mixed(
        inputs,
        [
            _chain(_Layer("branch1x1", 64, (1, 1))),
            _chain(_Layer("branch5x5_1", 48, (1, 1)), _Layer("branch5x5_2", 64, (5, 5))),
            _chain(
                _Layer("branch3x3dbl_1", 64, (1, 1)),
                _Layer("branch3x3dbl_2", 96, (3, 3)),
                _Layer("branch3x3dbl_3", 96, (3, 3)),
            ),
            _pooled(_MEAN, pooled),
        ],
    )


def _to_17_pixels(inputs: int) -> _Mixed:
    """From 35 x 35 pixels to 17 x 17 (figure 10)."""
    return _Mixed(
        inputs,
        [
            _chain(_Layer("branch3x3", 384, (3, 3), stride=2)),
            _chain(
                _Layer("branch3x3dbl_1", 64, (1, 1)),
                _Layer("branch3x3dbl_2", 96, (3, 3)),
                _Layer("branch3x3dbl_3", 96, (3, 3), stride=2),
            ),
            _Branch([], _HALVED),
        ],
    )


def _factorised(width: int) -> _Mixed:
    """A block of 17 x 17 pixels: 7 x 7 as 1 x 7 and 7 x 1 (figure 6)."""
    return _Mixed(
        768,
        [
            _chain(_Layer("branch1x1", 192, (1, 1))),
            _chain(
                _Layer("branch7x7_1", width, (1, 1)),
                _Layer("branch7x7_2", width, (1, 7)),
                _Layer("branch7x7_3", 192, (7, 1)),
            ),
            _chain(
                _Layer("branch7x7dbl_1", width, (1, 1)),
                _Layer("branch7x7dbl_2", width, (7, 1)),
                _Layer("branch7x7dbl_3", width, (1, 7)),
                _Layer("branch7x7dbl_4", width, (7, 1)),
                _Layer("branch7x7dbl_5", 192, (1, 7)),
            ),
            _pooled(_MEAN, 192),
        ],
    )


def _to_8_pixels(inputs: int) -> _Mixed:
    """From 17 x 17 pixels to 8 x 8."""
    return _Mixed(
        inputs,
        [
            _chain(_Layer("branch3x3_1", 192, (1, 1)), _Layer("branch3x3_2", 320, (3, 3), stride=2)),
            _chain(
                _Layer("branch7x7x3_1", 192, (1, 1)),
                _Layer("branch7x7x3_2", 192, (1, 7)),
                _Layer("branch7x7x3_3", 192, (7, 1)),
                _Layer("branch7x7x3_4", 192, (3, 3), stride=2),
            ),
            _Branch([], _HALVED),
        ],
    )


def _forked(inputs: int, pool: Pool) -> _Mixed:
    """A block of 8 x 8 pixels, whose branches end in 1 x 3 beside 3 x 1 (figure 7)."""
    return _Mixed(
        inputs,
        [
            _chain(_Layer("branch1x1", 320, (1, 1))),
            _Branch([[_Layer("branch3x3_1", 384, (1, 1))], _fork("branch3x3_2")]),
            _Branch(
                [
                    [_Layer("branch3x3dbl_1", 448, (1, 1))],
                    [_Layer("branch3x3dbl_2", 384, (3, 3))],
                    _fork("branch3x3dbl_3"),
                ]
            ),
            _pooled(pool, 192),
        ],
    )


def _fork(name: str) -> list[_Layer]:
    return [_Layer(f"{name}a", 384, (1, 3)), _Layer(f"{name}b", 384, (3, 1))]
