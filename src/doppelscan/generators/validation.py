"""Does a model learn more of its training images than of others? The loss on both, and the gap between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import nn

from doppelscan.generators.chance import seeded
from doppelscan.generators.engine import autocast
from doppelscan.generators.examples import Examples
from doppelscan.generators.family import Batch
from doppelscan.generators.learner import Learner
from doppelscan.seeds import stream

__all__ = ["Panel", "chosen_for_panel", "losses"]

_IMAGES = 512  # of each side at the most


@dataclass(frozen=True, eq=False)
class Panel:
    """Examples that a loss is measured on, their patients and their labels."""

    examples: Examples
    patients: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]


def chosen_for_panel(n_images: int, n: int, seed: int) -> Int64[np.ndarray, " n"]:
    """The positions of up to n of so many images, drawn by the seed: the same at each measuring."""
    return np.sort(stream(seed, "panel").permutation(n_images)[: min(n, _IMAGES)]).astype(np.int64)


def losses(learner: Learner, panel: Panel, *, n_conditions: int, seed: int) -> float:
    """The mean loss of a panel: the mean of its patients' means.

    The averaged networks are asked, with the same chance at each measuring and for each panel, so that two panels
    of the same size differ by their images alone.
    """
    of_each = _loss_of_each(learner, panel, n_conditions=n_conditions, seed=seed)
    keys, counts = np.unique(panel.patients, return_counts=True)
    sums = np.bincount(np.searchsorted(keys, panel.patients), weights=of_each)
    return float((sums / counts).mean())


@torch.no_grad()
def _loss_of_each(
    learner: Learner, panel: Panel, *, n_conditions: int, seed: int
) -> Float64[np.ndarray, " n"]:
    stage = learner.stage
    assert stage.validation is not None, "a family without a validation loss has no panels"
    networks = nn.ModuleDict(dict(learner.networks.items()) | dict(learner.averaged.items()))
    size = learner.training.together
    parts = []
    networks.eval()
    for start in range(0, len(panel.patients), size):
        stop = min(start + size, len(panel.patients))
        images = panel.examples.batch(np.arange(start, stop, dtype=np.int64))
        labels = torch.from_numpy(panel.labels[start : start + size]).to(learner.device)
        batch = Batch(images, labels, images.new_zeros(len(images), n_conditions), learner.seen, learner.step)
        with seeded(learner.device, seed, "validation", start), autocast(learner.training, learner.device):
            parts.append(stage.validation(learner.settings, networks, batch).double().cpu().numpy())
    learner.own().train()
    return np.concatenate(parts)
