"""How well does a diffusion model know an image? Two errors at several levels of noise say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64, Int64

from doppelscan.audit.membership.settings import MembershipSettings
from doppelscan.generators import Model
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.description import labels_of
from doppelscan.generators.drawing import at_once
from doppelscan.generators.noise import Noise
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.store import Cache
from doppelscan.workers import Progress, counted

__all__ = ["PROBES", "Prober", "levels", "probed"]

PROBES = ("loss", "proximal")
_SHARD = 128  # images between two writes to the cache
_CLEAREST, _NOISIEST = 3.0, 0.3  # half the logarithm of the signal-to-noise ratio
_LEAST = 1e-20  # of an error, so that its logarithm is a number

X = Float[torch.Tensor, "n d *shape"]


@dataclass(frozen=True, eq=False)
class Prober:
    """A model and how it is asked; `labelled` if it is told the images' labels."""

    model: Model
    settings: MembershipSettings
    labelled: bool

    def errors(self, images: ImageSet, progress: Progress) -> Float64[np.ndarray, "n f"]:
        """The logarithms of the errors of each image, all levels of one probe after the other.

        Each image has noise of its own, drawn by its id, and is asked about in batches of one size: its errors do not
        change with its company. Shards are kept in the cache: after an interruption the same call goes on.
        """
        starts = range(0, len(images), _SHARD)
        shards = counted(starts, "asking the model", len(starts), progress)
        return np.concatenate(
            [self._kept(images.take(np.arange(at, min(at + _SHARD, len(images))))) for at in shards]
        )

    def _kept(self, images: ImageSet) -> Float64[np.ndarray, "n f"]:
        labels, ids = self._labels(images), images.table["id"].tolist()
        key = {
            "version": 1,
            "model": [self.model.fingerprint, self.model.device.type],
            "asked": [self.settings.n_levels, self.settings.n_draws, self.settings.seed],
            "images": [images.pixels.fingerprint, labels.tolist(), ids],
        }
        table = Cache.default().table("membership", key, lambda: self._table(images, labels, ids))
        return table.to_numpy(np.float64)

    def _labels(self, images: ImageSet) -> Int64[np.ndarray, " n"]:
        return (
            labels_of(images, self.model.description.subject) if self.labelled else np.full(len(images), -1)
        )

    def _table(self, images: ImageSet, labels: Int64[np.ndarray, " n"], ids: Sequence[str]) -> pd.DataFrame:
        size = at_once(self.model.description.subject, self.model.device)
        parts = []
        for start in range(0, len(images), size):
            chosen = np.resize(np.arange(start, min(start + size, len(images))), size)
            errors = self._asked(images.take(chosen), labels[chosen], [ids[int(i)] for i in chosen])
            parts.append(errors[: len(images) - start])
        errors = np.concatenate(parts)
        return pd.DataFrame(errors, columns=[str(i) for i in range(errors.shape[1])])

    @torch.no_grad()
    def _asked(
        self, images: ImageSet, labels: Int64[np.ndarray, " m"], ids: Sequence[str]
    ) -> Float64[np.ndarray, "m f"]:
        """The errors of one batch, in the precision of the weights."""
        device, denoiser = self.model.device, self.model.denoiser
        pixels = self.model.description.intensities.scaled(images.read(0, len(images))).to(device)
        noise = Noise.of([int(stream(self.settings.seed, name).integers(2**62)) for name in ids], device)
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            found = probed(
                denoiser,
                denoiser.start(pixels),
                torch.from_numpy(labels).to(device),
                noise,
                steps=levels(denoiser, self.settings.n_levels),
                n_draws=self.settings.n_draws,
            )
        return np.log(found.double().cpu().numpy() + _LEAST)


def levels(denoiser: Denoiser, n: int) -> list[int]:
    """At most n different steps whose signal-to-noise ratios are evenly spaced on a log scale, clearest first."""
    alpha_bar = denoiser.alpha_bar.double().cpu().numpy()
    half_log_snr = 0.5 * np.log(alpha_bar / (1 - alpha_bar))
    wanted = np.linspace(_CLEAREST, _NOISIEST, n)
    nearest = np.abs(half_log_snr[1:, None] - wanted).argmin(axis=0) + 1
    return sorted({int(step) for step in nearest})


def probed(
    denoiser: Denoiser,
    x0: X,
    labels: Int64[torch.Tensor, " n"],
    noise: Noise,
    *,
    steps: Sequence[int],
    n_draws: int,
) -> Float[torch.Tensor, "n f"]:
    """Mean squared errors over pixels: `PROBES` in order, of each all `steps`."""
    said = _Said(denoiser, labels)
    errors = [*_losses(said, x0, noise, steps, n_draws), *_proximal(said, x0, steps)]
    return torch.stack(errors, dim=1)


@dataclass(frozen=True, eq=False)
class _Said:
    """What the network says at one step, of all images with their labels."""

    denoiser: Denoiser
    labels: Int64[torch.Tensor, " n"]

    def __call__(self, x: X, t: int) -> X:
        return self.denoiser.noise(x, torch.full((len(x),), t, device=x.device), self.labels)

    def noisy(self, x0: X, noise: X, t: int) -> X:
        a = self.denoiser.alpha_bar[t]
        return a.sqrt() * x0 + (1 - a).sqrt() * noise


def _losses(
    said: _Said, x0: X, noise: Noise, steps: Sequence[int], n_draws: int
) -> list[Float[torch.Tensor, " n"]]:
    """What training makes small (Ho et al. 2020, eq. 14), a mean over draws of noise."""
    draws = [[noise.normal(*x0.shape[1:]) for _ in range(n_draws)] for _ in steps]
    return [
        torch.stack([_apart(said(said.noisy(x0, eps, t), t), eps) for eps in own]).mean(0)
        for t, own in zip(steps, draws, strict=True)
    ]


def _proximal(said: _Said, x0: X, steps: Sequence[int]) -> list[Float[torch.Tensor, " n"]]:
    """The same with the noise that the model itself sees in the clear image (Kong et al. 2024, PIA)."""
    clear = said(x0, 0)
    return [_apart(said(said.noisy(x0, clear, t), t), clear) for t in steps]


def _apart(a: X, b: X) -> Float[torch.Tensor, " n"]:
    return (a - b).square().flatten(1).mean(1)
