"""What does a network say that is trained whole? As many steps in every cell, stopped early by granted images alone."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn
from torch.nn import functional

from doppelscan.encoders.devices import device_named
from doppelscan.errors import InputError, Problem
from doppelscan.generators.chance import seeded
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, fingerprint_file
from doppelscan.utility.networks import network_named, start_from
from doppelscan.utility.probe import Learnt
from doppelscan.utility.settings import UtilitySettings

__all__ = ["Network", "Pixels", "network_classifier"]

_LOOKS = 10  # at images kept aside, over the whole training
_SHORTEST = 32  # pixels along an axis that the networks halve five times
_TOLD_AT_ONCE = 32


@dataclass(frozen=True)
class Pixels:
    """The view of a network: the images themselves."""

    def of(self, images: ImageSet) -> Shaped[np.ndarray, "n c *space"]:
        """The values of each image."""
        if not len(images):
            return np.empty((0, *images.shape), images.pixels.dtype)
        return images.read(0, len(images))


@dataclass(frozen=True)
class Network:
    """A network that is trained whole; `weights` is the fingerprint of what it starts from, empty if from chance.

    Batches are drawn with replacement, evenly over the images granted and added. Where the granted images have
    folds, the first is kept aside, with what was made from it; the state after the step with the least loss on it
    is the one that counts.
    """

    name: str
    window: tuple[float, float]
    steps: int
    batch: int = 16
    learning_rate: float = 1e-3
    path: str = ""
    weights: str = ""
    device: str = "cpu"

    @property
    def fingerprint(self) -> str:
        """Everything that its answers depend on; not where the file of weights lies."""
        about = {name: value for name, value in asdict(self).items() if name != "path"}
        return fingerprint(["network", 1, about])

    def bytes_for(self, n: int, n_bytes: int, n_classes: int) -> int:
        """The images, real and made, and both together; not the network and its batches, about a gigabyte more."""
        return 2 * n * n_bytes

    def tell(
        self, real: Learnt, added: Learnt, asked: Shaped[np.ndarray, "m c *space"], n_classes: int, seed: int
    ) -> tuple[np.ndarray, float]:
        """Probabilities, and after how many steps."""
        device = torch.device(self.device)
        aside = real.folds == 0
        pixels = np.concatenate([real.features[~aside], added.features[added.folds != 0]])
        labels = np.concatenate([real.labels[~aside], added.labels[added.folds != 0]])
        with seeded(device, seed, "utility network"):
            network = network_named(self.name, pixels.shape[1], n_classes, pixels.ndim - 2)
            if self.path:
                start_from(network, Path(self.path))
            network.to(device)
            best, at = self._trained(network, pixels, labels, real.features[aside], real.labels[aside], seed)
        network.load_state_dict(best)
        return self._told(network, asked).astype(np.float64), float(at)

    def _trained(
        self,
        network: nn.Module,
        pixels: np.ndarray,
        labels: np.ndarray,
        aside: np.ndarray,
        truth: np.ndarray,
        seed: int,
    ) -> tuple[dict[str, Tensor], int]:
        """The best state, and after how many steps it was reached."""
        device = torch.device(self.device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
        rng = stream(seed, "utility batches")
        best, least, at = copy.deepcopy(network.state_dict()), np.inf, 0
        looks = {round((look + 1) * self.steps / _LOOKS) for look in range(_LOOKS)}
        for step in range(1, self.steps + 1):
            network.train()
            rows = rng.integers(0, len(labels), max(2, self.batch))
            scores = network(self._shown(pixels[rows]))
            loss = functional.cross_entropy(scores, torch.from_numpy(labels[rows]).to(device))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if step in looks:
                now = self._loss(network, aside, truth) if len(truth) else -float(step)
                if now < least:
                    best, least, at = copy.deepcopy(network.state_dict()), now, step
        return best, at

    def _loss(self, network: nn.Module, pixels: np.ndarray, truth: np.ndarray) -> float:
        told = self._told(network, pixels)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(told, 1e-12)).mean())

    @torch.inference_mode()
    def _told(self, network: nn.Module, pixels: np.ndarray) -> Float32[np.ndarray, "m k"]:
        network.eval()
        parts = [
            functional.softmax(network(self._shown(pixels[at : at + _TOLD_AT_ONCE])).float(), dim=1)
            .cpu()
            .numpy()
            for at in range(0, len(pixels), _TOLD_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _shown(self, pixels: np.ndarray) -> Tensor:
        low, high = self.window
        shown = (pixels.astype(np.float32) - low) / (high - low) - 0.5
        return torch.from_numpy(shown).to(self.device)


def network_classifier(real: ImageSet, settings: UtilitySettings, resources: Resources) -> Network:
    """The network of these settings for these images.

    Raises
    ------
    InputError
        If images are too small for it, or its file of weights is absent or of another network.
    """
    from doppelscan.utility.eyes import window_of

    problems = []
    if min(real.shape[1:]) < _SHORTEST:
        what = f"images of {real.shape[1:]} are too small for {settings.classifier}"
        problems.append(Problem(what, where=real.name, cure=f"give --size {_SHORTEST} or more"))
    if settings.weights is not None and not Path(settings.weights).is_file():
        problems.append(Problem("there is nothing here", where=settings.weights, cure="a safetensors file"))
    if problems:
        raise InputError(problems)
    path = settings.weights or ""
    if path:
        n_axes = len(real.shape) - 1
        start_from(network_named(settings.classifier, real.shape[0], 2, n_axes), Path(path))
    return Network(
        name=settings.classifier,
        window=window_of(real),
        steps=settings.steps,
        learning_rate=1e-4 if path else 1e-3,
        path=path,
        weights=fingerprint_file(Path(path)) if path else "",
        device=str(device_named(resources.device)),
    )
