"""Whom does the encoder learn from, and what does it see of the others? Never both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from doppelscan.imagesets import ImageSet
from doppelscan.quality.comparing import Features
from doppelscan.quality.eyes import LogitsToo
from doppelscan.quality.inputs import Sets
from doppelscan.quality.measures import Seen
from doppelscan.quality.settings import QualitySettings
from doppelscan.search.vectors import Encoder, vectors_of
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["apart", "seen_by"]

_LEARNT = 1 / 3  # of the real patients, from whom the encoder learns
_MOST_LEARNT = 1000  # images
_LEAST_PATIENTS = 6  # with fewer the encoder learns from all


def apart(sets: Sets, settings: QualitySettings) -> tuple[ImageSet | None, Sets]:
    """The real images that an encoder learns from, if one does, and the sets without them.

    An encoder keeps apart what it was trained on: distances among those images are larger than from others to them.
    What is measured was seen by no encoder, then, and all sets are treated alike.
    """
    patients = sets.real.patients
    present = np.unique(patients)
    if settings.encoder != "contrastive" or len(present) < _LEAST_PATIENTS:
        return None, sets
    order = stream(settings.seed, "patients to learn from").permutation(present)
    n_images = np.cumsum(np.bincount(patients)[order])
    n_chosen = max(1, min(round(_LEARNT * len(present)), int((n_images <= _MOST_LEARNT).sum())))
    chosen = np.isin(patients, order[:n_chosen])
    rest = replace(sets, real=sets.real.take(np.flatnonzero(~chosen)))
    return sets.real.take(np.flatnonzero(chosen)), rest


def seen_by(eye: Encoder, sets: Sets, *, resources: Resources, progress: Progress) -> Seen:
    """The vectors of every set; a synthetic image is a patient of its own."""
    patient = {name: images.patients for name, images in sets.named.items()}
    patient["synthetic"] = np.arange(len(sets.synthetic))
    vectors = {
        name: vectors_of(
            images,
            eye,
            resources=resources,
            progress=progress,
            work=f"encoding {images.name}" if images.name else "encoding",
        )
        for name, images in sets.named.items()
    }
    if not isinstance(eye, LogitsToo):
        return _as_seen({name: Features(of, patient[name]) for name, of in vectors.items()})
    both = {name: LogitsToo.split(of) for name, of in vectors.items()}
    features, logits = (
        {name: Features(of[part], patient[name]) for name, of in both.items()} for part in (0, 1)
    )
    return replace(_as_seen(features), logits=(logits["real"], logits["synthetic"]))


def _as_seen(features: dict[str, Features]) -> Seen:
    return Seen(features["real"], features["synthetic"], features.get("holdout"))
