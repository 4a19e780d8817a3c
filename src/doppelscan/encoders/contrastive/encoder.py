"""What does a trained encoder say of images? One vector each, the same whatever else is encoded with it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import nn
from torch.nn import functional

from doppelscan.encoders.contrastive.augmentation import mirror_axes
from doppelscan.encoders.contrastive.checkpoints import load_weights, weights_of
from doppelscan.encoders.contrastive.inputs import input_space, resized, scaled
from doppelscan.encoders.contrastive.networks import network_for
from doppelscan.encoders.contrastive.settings import Recipe
from doppelscan.encoders.devices import device_named
from doppelscan.encoders.passing import in_equal_batches
from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, read_json, read_tensors, write_json, write_tensors
from doppelscan.workers import Progress, silent

__all__ = ["ContrastiveEncoder"]

_FORMAT = "doppelscan-encoder/1"
_AT_ONCE = 2**17  # pixels that pass the network together


@dataclass(frozen=True, eq=False)
class ContrastiveEncoder:
    """A trained network: similar images have vectors of high Pearson correlation.

    Attributes
    ----------
    recipe
        How it was trained.
    shape
        The shape (c, *space) of the images it was trained on.
    """

    network: nn.Module
    recipe: Recipe
    shape: tuple[int, ...]
    device: torch.device

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from another encoder's: the recipe, the shape and the weights."""
        weights = {name: fingerprint(value.tobytes()) for name, value in weights_of(self.network).items()}
        return fingerprint([asdict(self.recipe), list(self.shape), weights])

    @property
    def space(self) -> tuple[int, ...]:
        """The shape in space of what the network sees."""
        return input_space(self.shape[1:], self.recipe.side)

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, of any real type: the same, to the bit, in any company and order.

        Raises
        ------
        InputError
            If the images have other channels or axes than those it was trained on, or are not finite.
        """
        self._refuse_others(pixels.shape[1:])
        return in_equal_batches(pixels, self._at_once, self._passed)

    def encoded(
        self, images: ImageSet, *, resources: Resources | None = None, progress: Progress = silent
    ) -> Float32[np.ndarray, "n d"]:
        """The vector of each image of a set, read in blocks of an eighth of `resources.memory`."""
        work, n = "encoding", len(images)
        if not n:
            return self.vectors(np.empty((0, *self.shape)))
        size = block_length(images.shape, resources or Resources())
        parts = []
        for start in range(0, n, size):
            progress(work, start, n)
            parts.append(self.vectors(images.read(start, min(start + size, n))))
        progress(work, n, n)
        return np.concatenate(parts)

    def save(self, folder: Path) -> None:
        """Write `weights.safetensors`, then `encoder.json`, which says that all is there."""
        write_tensors(folder / "weights.safetensors", weights_of(self.network), {"format": _FORMAT})
        about = {"format": _FORMAT, "recipe": asdict(self.recipe), "shape": list(self.shape)}
        write_json(folder / "encoder.json", about)

    @staticmethod
    def load(folder: Path, *, resources: Resources | None = None) -> ContrastiveEncoder:
        """The encoder that `save` wrote.

        Raises
        ------
        FormatError
            If something is absent, damaged, or of another format.
        """
        about = read_json(folder / "encoder.json", expected=_FORMAT)
        path = folder / "weights.safetensors"
        weights, _ = read_tensors(path, expected=_FORMAT)
        try:
            recipe, shape = Recipe(**about["recipe"]), tuple(about["shape"])
        except (KeyError, TypeError) as error:
            raise FormatError(Problem(f"is damaged: {error}", where=str(folder / "encoder.json"))) from error
        device = device_named((resources or Resources()).device)
        network = network_for(recipe, shape[0], input_space(shape[1:], recipe.side))
        load_weights(network, weights, path)
        return ContrastiveEncoder(network.to(device), recipe, shape, device)

    @torch.inference_mode()
    def _passed(self, pixels: Shaped[np.ndarray, "m c *space"]) -> Float32[np.ndarray, "m d"]:
        """The vectors of a few images."""
        images = resized(pixels, self.space).to(self.device)
        return self._mean_of_mirrored(scaled(images, self.recipe.scaling)).cpu().numpy()

    def _mean_of_mirrored(self, seen: Float32[torch.Tensor, "m c *space"]) -> Float32[torch.Tensor, "m d"]:
        """The mean unit vector of images and their mirror images, where training made the two alike."""
        mirrored = [seen.flip(axis) for axis in mirror_axes(seen.ndim - 2)] if self.recipe.mirrored else []
        network = self.network.eval()
        return torch.stack([functional.normalize(network(view), dim=1) for view in [seen, *mirrored]]).mean(0)

    @property
    def _at_once(self) -> int:
        """Images that pass the network together."""
        return min(max(_AT_ONCE // math.prod(self.space), 1), 32)

    def _refuse_others(self, shape: tuple[int, ...]) -> None:
        if (shape[0], len(shape)) != (self.shape[0], len(self.shape)):
            what = f"images of {_said(shape)}, but the encoder was trained on {_said(self.shape)}"
            raise InputError(Problem(what, cure="prepare both sets alike"))


def block_length(shape: tuple[int, ...], resources: Resources) -> int:
    """How many images fit in an eighth of the memory in float64, at least one."""
    return max(1, resources.memory // 8 // (8 * math.prod(shape)))


def _said(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} channels and {len(shape) - 1} spatial axes"
