"""What an audit learns before it compares: an encoder, from training images and a part of the holdout."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from doppelscan.audit.judging import Judge
from doppelscan.audit.matching import References
from doppelscan.audit.settings import AuditSettings
from doppelscan.audit.spaces import PIXELS, Encoded
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.imagesets import ImageSet, split
from doppelscan.imagesets.joining import joined

__all__ = ["UNSEEN", "learnt"]

UNSEEN = 0.5  # of the held-out patients, whom nothing is learnt from


def learnt(pixels: References, twins: Collection[str], settings: AuditSettings) -> References:
    """References in the space of an encoder that was trained on the training set and half of the held-out patients.

    The two are so treated alike, and the other half, `unseen`, is a fair null: a null of images that an
    encoder was trained on is anti-conservative. `twins` are patients found under two names; their held-out
    images are not trained on. For paper B's threshold the encoder sees the training set alone, as there.
    """
    assert pixels.holdout is not None, "the inputs were checked"
    if settings.calibration == "dar":
        return _in_vectors(pixels, pixels.train, pixels.holdout, None, settings)
    reference, unseen = split(pixels.holdout, UNSEEN, seed=settings.seed)
    clean = References(pixels.train, reference, pixels.resources, pixels.progress).without_held_out(twins)
    assert clean.holdout is not None, "there is a holdout"
    seen = joined({"train": pixels.train, "holdout": clean.holdout})
    return _in_vectors(pixels, seen, reference, unseen, settings)


def _in_vectors(
    pixels: References, seen: ImageSet, holdout: ImageSet, unseen: ImageSet | None, settings: AuditSettings
) -> References:
    encoder = fitted(
        seen,
        ContrastiveSettings(preset=settings.encoder, effort=settings.effort),
        seed=settings.seed,
        resources=pixels.resources,
        progress=pixels.progress,
    )
    space = Encoded(encoder, learnt=unseen is not None)
    references = partial(References, pixels.train, holdout, pixels.resources, pixels.progress, unseen=unseen)
    if settings.method == "contrastive":
        return references(spaces=(space,))
    return references(spaces=(space, PIXELS), judge=Judge())
