"""How likely does each attack find every image to be a member? Scores that only images outside the attack calibrate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from doppelscan.audit.membership.looks import looks_of, span_of
from doppelscan.audit.membership.probing import PROBES, Prober
from doppelscan.audit.membership.roles import Roles
from doppelscan.audit.membership.samples import Density, by_distance
from doppelscan.audit.membership.settings import MembershipSettings
from doppelscan.audit.spaces import PIXELS, Encoded, Space
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.pretrained import pretrained
from doppelscan.generators import Model
from doppelscan.generators.description import labels_of
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Scored", "from_model", "from_samples", "relative"]

_RIDGE = 0.01  # of the reference's images, on looks of unit variance

Scores = Float64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores that one attack gives the targets, members first; larger: more likely a member."""

    name: str
    access: str
    score: Scores


def from_samples(
    roles: Roles, settings: MembershipSettings, *, resources: Resources, progress: Progress
) -> tuple[Scored, ...]:
    """The attacks that need samples only, and all of them together (`samples`)."""
    synthetic = roles.synthetic
    assert synthetic is not None, "there are samples"
    span = span_of(synthetic, roles.reference, resources=resources)
    found: dict[str, Scores] = {}
    for prefix, space in _spaces(synthetic, settings, resources, progress).items():

        def vectors(images: ImageSet, space: Space = space) -> Float64[np.ndarray, "n f"]:
            if space is PIXELS:
                return looks_of(images, span, resources).coarse
            encoded = space.encoded(images, resources, progress)
            return encoded.read(0, len(images)).reshape(len(images), -1).astype(np.float64)

        near = by_distance(synthetic, roles.reference, space, resources=resources, progress=progress)
        density = Density.of(vectors(synthetic), vectors(roles.reference))
        sides = roles.targets.sides
        found[f"{prefix}distance"] = np.concatenate([near(images) for images in sides])
        found[f"{prefix}density"] = np.concatenate([density.score(vectors(images)) for images in sides])
    return _with_all_together(found, "samples")


def from_model(
    roles: Roles,
    model: Model,
    settings: MembershipSettings,
    *,
    resources: Resources,
    progress: Progress,
) -> tuple[Scored, ...]:
    """The attacks that look into the model, and all of them together (`model`).

    Every error is told relative to what is usual for an image of such looks (`relative`), and levels of noise count
    alike.
    """
    sets = (roles.reference, *roles.targets.sides)
    subject = model.description.subject
    labelled = bool(subject.labels) and all((labels_of(images, subject) >= 0).all() for images in sets)
    prober, span = Prober(model, settings, labelled), span_of(roles.reference, resources=resources)
    errors = [prober.errors(images, progress) for images in sets]
    looks = [looks_of(images, span, resources).detail for images in sets]
    lower = -relative(np.concatenate(errors[1:]), np.concatenate(looks[1:]), errors[0], looks[0])
    by_probe = np.split(lower, len(PROBES), axis=1)
    found = {name: _together(columns.T) for name, columns in zip(PROBES, by_probe, strict=True)}
    return _with_all_together(found, "model")


def relative(
    errors: Float64[np.ndarray, "n f"],
    looks: Float64[np.ndarray, "n d"],
    reference_errors: Float64[np.ndarray, "r f"],
    reference_looks: Float64[np.ndarray, "r d"],
) -> Float64[np.ndarray, "n f"]:
    """What is left of errors when that which the looks of an image foretell is taken away: images differ in difficulty.

    Ridge regression, fitted to the reference alone.
    """
    mean, spread = reference_looks.mean(axis=0), reference_looks.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    z, r = (looks - mean) / spread, (reference_looks - mean) / spread
    usual = reference_errors.mean(axis=0)
    ridge = (1 + _RIDGE * len(r)) * np.eye(r.shape[1])
    slope = np.linalg.solve(r.T @ r + ridge, r.T @ (reference_errors - usual))
    return np.asarray(errors - usual - z @ slope)


def _spaces(
    synthetic: ImageSet, settings: MembershipSettings, resources: Resources, progress: Progress
) -> Mapping[str, Space]:
    """Pixels and, where there is an encoder, its vectors; by what stands before the names of their attacks."""
    if settings.encoder is None:
        return {"": PIXELS}
    if settings.preset is None:
        encoder = Encoded(pretrained(settings.encoder, resources=resources), learnt=False)
        return {"": PIXELS, "encoded_": encoder}
    recipe = ContrastiveSettings(preset=settings.preset, effort=settings.effort)
    trained = fitted(synthetic, recipe, seed=settings.seed, resources=resources, progress=progress)
    return {"": PIXELS, "encoded_": Encoded(trained, learnt=True)}


def _with_all_together(found: Mapping[str, Scores], access: str) -> tuple[Scored, ...]:
    scored = {name: _defined(score) for name, score in found.items()}
    together = {access: _together(list(scored.values()))}
    return tuple(Scored(name, access, score) for name, score in (scored | together).items())


def _defined(score: Scores) -> Scores:
    """Scores without NaN: what is undefined is as suspicious as the least."""
    known = score[np.isfinite(score)]
    return np.asarray(np.where(np.isfinite(score), score, known.min() if known.size else 0.0))


def _together(scores: Sequence[Scores] | Float64[np.ndarray, "k n"]) -> Scores:
    """The mean of scores, each on the scale of all targets, which knows no sides."""
    spread = [max(float(score.std()), 1e-12) for score in scores]
    scaled = [(score - score.mean()) / s for score, s in zip(scores, spread, strict=True)]
    return np.asarray(np.mean(scaled, axis=0))
