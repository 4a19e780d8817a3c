"""What an audit learns before it compares: an encoder, from training images and a part of the holdout."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from doppelscan.audit.judging import Judge
from doppelscan.audit.matching import References
from doppelscan.audit.settings import AuditSettings
from doppelscan.audit.spaces import PIXELS, Encoded, Encoder
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.pretrained import pretrained
from doppelscan.imagesets import ImageSet, split
from doppelscan.imagesets.joining import joined

__all__ = ["UNSEEN", "learnt"]

UNSEEN = 0.5  # of the held-out patients, whom nothing is learnt from


def learnt(pixels: References, twins: Collection[str], settings: AuditSettings) -> References:
    """References in the space of an encoder that was trained on the training set and half of the held-out patients.

    The two are so treated alike, and the other half, `unseen`, is a fair null: a null of images that an
    encoder was trained on is anti-conservative. `twins` are patients found under two names; their held-out
    images are not trained on. For paper B's threshold the encoder sees the training set alone, as there.
    A pretrained encoder has seen none of the images, so all are a fair null.
    """
    if settings.pretrained is not None:
        encoder = pretrained(settings.pretrained, resources=pixels.resources)
        return _in_vectors(pixels, encoder, pixels.holdout, None, settings)
    assert pixels.holdout is not None, "the inputs were checked"
    if settings.calibration == "dar":
        return _in_vectors(pixels, _trained(pixels, pixels.train, settings), pixels.holdout, None, settings)
    reference, unseen = split(pixels.holdout, UNSEEN, seed=settings.seed)
    clean = References(pixels.train, reference, pixels.resources, pixels.progress).without_held_out(twins)
    assert clean.holdout is not None, "there is a holdout"
    seen = joined({"train": pixels.train, "holdout": clean.holdout})
    return _in_vectors(pixels, _trained(pixels, seen, settings), reference, unseen, settings)


def _trained(pixels: References, seen: ImageSet, settings: AuditSettings) -> Encoder:
    assert settings.preset is not None, "it is no pretrained encoder"
    return fitted(
        seen,
        ContrastiveSettings(preset=settings.preset, effort=settings.effort),
        seed=settings.seed,
        resources=pixels.resources,
        progress=pixels.progress,
    )


def _in_vectors(
    pixels: References,
    encoder: Encoder,
    holdout: ImageSet | None,
    unseen: ImageSet | None,
    settings: AuditSettings,
) -> References:
    space = Encoded(encoder, learnt=unseen is not None)
    references = partial(References, pixels.train, holdout, pixels.resources, pixels.progress, unseen=unseen)
    if settings.method == "contrastive":
        return references(spaces=(space,))
    return references(spaces=(space, PIXELS), judge=Judge())
