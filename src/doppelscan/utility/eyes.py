"""Which frozen encoder does the probe see through? Pixels, chance, one trained here, a published one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn
from torch.nn import functional

from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.contrastive.inputs import input_space
from doppelscan.encoders.passing import in_equal_batches
from doppelscan.encoders.pretrained import pretrained
from doppelscan.images.geometry import resize
from doppelscan.imagesets import ImageSet
from doppelscan.search.vectors import Encoder
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.utility.backbone import backbone, is_backbone
from doppelscan.utility.settings import UtilitySettings
from doppelscan.workers import Progress

__all__ = ["RandomConvolutions", "SmallPixels", "encoder_for", "window_of"]

Window = tuple[float, float]
_SIDES = {2: 64, 3: 24}  # pixels along the longest axis, by axes of space
_AT_ONCE = 16


def encoder_for(
    real: ImageSet, settings: UtilitySettings, *, resources: Resources, progress: Progress
) -> Encoder:
    """The encoder of these settings. One that is trained learns from the real images, never from tested ones.

    Raises
    ------
    InputError
        If weights are absent or of another network, or the images cannot be seen by it.
    """
    window = window_of(real)
    if settings.encoder == "pixels":
        return SmallPixels(window, _SIDES[len(real.shape) - 1] // 4)
    if settings.encoder == "random":
        return RandomConvolutions(window, _SIDES[len(real.shape) - 1], real.shape[0], len(real.shape) - 1)
    if settings.encoder == "contrastive":
        how = ContrastiveSettings(effort=settings.effort)
        return fitted(real, how, seed=settings.seed, resources=resources, progress=progress)
    if is_backbone(settings.encoder):
        return backbone(Path(settings.encoder), resources=resources)
    return pretrained(settings.encoder, resources=resources)


def window_of(images: ImageSet) -> Window:
    """The values shown as black and as white: 0 and 255 of 8 bits, else the extremes of these images."""
    if images.pixels.dtype == np.uint8:
        return 0.0, 255.0
    ends = [(float(image.pixels.min()), float(image.pixels.max())) for image in images]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return (low, high) if high > low else (low, low + 1)


@dataclass(frozen=True)
class SmallPixels:
    """Pixels from 0 (black) to 1 (white), the longest side at most `side`, each the mean of what it covers."""

    window: Window
    side: int

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from others'."""
        return fingerprint(["utility pixels", 1, list(self.window), self.side])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image."""
        return _shown(pixels, self.window, self.side).reshape(len(pixels), -1)


@dataclass(frozen=True)
class RandomConvolutions:
    """Three layers of convolutions with random weights: means, spreads and extremes of what each filter finds.

    Nobody trained it, so it has seen no image at all: what it lets a classifier learn is due to the labels alone.
    """

    window: Window
    side: int
    n_channels: int
    n_axes: int
    widths: tuple[int, ...] = (16, 24, 32)

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from others'."""
        about = [list(self.window), self.side, self.n_channels, self.n_axes, list(self.widths)]
        return fingerprint(["utility random convolutions", 1, about])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, the same, to the bit, in any company."""
        return in_equal_batches(_shown(pixels, self.window, self.side), _AT_ONCE, self._passed)

    @cached_property
    def _layers(self) -> list[nn.Module]:
        generator = torch.Generator().manual_seed(0)
        kinds = {2: nn.Conv2d, 3: nn.Conv3d}
        layers: list[nn.Module] = []
        before = self.n_channels
        for width in self.widths:
            layer = kinds[self.n_axes](before, width, 3, padding=1)
            for weights in layer.parameters():
                spread = (2 / max(weights[0].numel(), 1)) ** 0.5
                weights.data = spread * torch.randn(weights.shape, generator=generator)
            layers.append(layer)
            before = width
        return layers

    @torch.inference_mode()
    def _passed(self, shown: Float32[np.ndarray, "m c *space"]) -> Float32[np.ndarray, "m d"]:
        seen, said = torch.from_numpy(shown) - 0.5, []
        pool = {2: functional.avg_pool2d, 3: functional.avg_pool3d}[self.n_axes]
        for layer in self._layers:
            seen = functional.relu(layer(seen))
            said += _summary(seen)
            if min(seen.shape[2:]) >= 2:
                seen = pool(seen, 2)
        return torch.cat(said, dim=1).numpy()


def _summary(found: Tensor) -> list[Tensor]:
    """Of each filter: mean, spread and largest value over space, and the mean in the middle less that around it."""
    flat = found.flatten(2)
    inner = tuple(
        slice(length // 4, max(length - length // 4, length // 4 + 1)) for length in found.shape[2:]
    )
    middle = found[(slice(None), slice(None), *inner)].flatten(2)
    spread = (flat - flat.mean(dim=2, keepdim=True)).square().mean(dim=2).sqrt()
    return [flat.mean(dim=2), spread, flat.amax(dim=2), middle.mean(dim=2) - flat.mean(dim=2)]


def _shown(
    pixels: Shaped[np.ndarray, "n c *space"], window: Window, side: int
) -> Float32[np.ndarray, "n c *small"]:
    low, high = window
    space = input_space(pixels.shape[2:], min(side, max(pixels.shape[2:])))
    small = [resize((image.astype(np.float64) - low) / (high - low), space) for image in pixels]
    return np.stack(small).astype(np.float32) if small else np.empty((0, pixels.shape[1], *space), np.float32)
