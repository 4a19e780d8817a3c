"""How do the most suspicious pairs lie on each other, and where do they agree? For the report alone.

A copy may lie as it is, or its points may say how it was moved, or it takes an affine map and a bend; a copied part is
spoilt by an alignment of the whole. So several ways are tried, and the one with most agreement of fine detail is kept:
broad shapes agree between all patients, fine detail only within one. A small part, as a lesion is, decides nothing
there; it is looked for by the finest detail, with nothing moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, Shaped

from doppelscan.audit.inputs import Sets
from doppelscan.encoders.detail import agreement
from doppelscan.encoders.shades import no_longer_than
from doppelscan.findings import AlignedPair, alignments_of, most_suspicious
from doppelscan.images.geometry import resize
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.versions import code_versions
from doppelscan.registration import Alignment, AlignmentSettings, align
from doppelscan.search.outline import finely_outlined, outlined
from doppelscan.search.voting import match_keypoints
from doppelscan.settings import Resources
from doppelscan.store import Cache
from doppelscan.workers import Progress

__all__ = ["align_pairs", "aligned", "pictured"]

FEWEST, MOST = 24, 100  # pairs: what a report shows by default, and what a run should hold

_VERSION = 2  # of what is found; part of the cache's key
_SHARD = 32  # pairs between two writes to the cache
_SIDES = {2: 64, 3: 32}  # of the small picture on which agreement is kept, by axes of space
_SIMPLER = 1.02  # so many times better must a way be than a simpler one
_PART, _AGREES, _FILLED = (
    0.6,
    0.65,
    0.4,
)  # of a part: at most of the overlap, agreement, and of its box, at least
_ELSEWHERE = 0.2  # of the places outside a fine part agree at most: else this is a whole copy

Pixels = Shaped[np.ndarray, "c *space"]
Map = Float64[np.ndarray, "*small"]


def pictured(matches: pd.DataFrame, sets: Sets, resources: Resources, progress: Progress) -> pd.DataFrame:
    """The alignments of the most suspicious matches, as the table that a run holds.

    All that are flagged, and others up to 24; 100 at most.
    """
    best = most_suspicious(matches)
    best = best[best["train_id"].notna()]
    best = best.head(min(max(FEWEST, int(best["copied"].sum())), MOST))
    synthetic = sets.synthetic.take(sets.synthetic.positions(best["synthetic_id"].tolist()))
    train = sets.train.take(sets.train.positions(best["train_id"].tolist()))
    return aligned(synthetic, train, resources, progress, work="aligning for the report")


def aligned(
    synthetic: ImageSet, train: ImageSet, resources: Resources, progress: Progress, *, work: str
) -> pd.DataFrame:
    """The alignments of the images of the same position, as a table; what was aligned before is in the cache."""
    shards, n = [], len(synthetic)
    for start in range(0, n, _SHARD):
        rows = np.arange(start, min(start + _SHARD, n))
        progress(work, start, n)
        shards.append(_kept(synthetic.take(rows), train.take(rows), resources))
    progress(work, n, n)
    return pd.concat(shards, ignore_index=True) if shards else alignments_of(())


def align_pairs(synthetic: ImageSet, train: ImageSet, resources: Resources) -> list[AlignedPair]:
    """How each training image lies on the synthetic image of the same position. A pair depends on no other."""
    best: list[_Laid | None] = [None] * len(synthetic)
    unmoved: dict[int, _Laid] = {}
    for rows, found in _ways(synthetic, train, resources):
        for i, row in enumerate(rows.tolist()):
            image, other, now = synthetic[row].pixels, train[row].pixels, best[row]
            laid = _Laid.of(image, other, found.take([i]))
            unmoved.setdefault(row, laid)  # the first way
            if now is None or laid.strength > _SIMPLER * now.strength:
                best[row] = laid
    ids = synthetic.table["id"], train.table["id"]
    return [
        _told(
            laid, unmoved[row], synthetic[row].pixels, train[row].pixels, str(ids[0][row]), str(ids[1][row])
        )
        for row, laid in enumerate(best)
        if laid is not None
    ]


@dataclass(frozen=True, eq=False)
class _Laid:
    """One way to lay a training image onto a synthetic one; how well they agree then, and where."""

    placement: Placement
    score: float
    overlap: float
    inside: Bool[np.ndarray, "*space"]
    agreement: Map

    @staticmethod
    def of(image: Pixels, other: Pixels, found: Alignment) -> _Laid:
        placement = Placement(
            found.matrix[0].astype(np.float64),
            found.offset[0].astype(np.float64),
            found.controls[0].astype(np.float64) if found.controls.any() else None,
            bool(found.inverted[0]),
        )
        inside = placement.inside(image.shape[1:])
        agreed = agreement(image, placement.laid(other))
        agreed = agreed * resize(inside[None].astype(np.float32), agreed.shape)[0]
        return _Laid(placement, float(found.score[0]), float(found.overlap[0]), inside, agreed)

    @property
    def strength(self) -> float:
        """How much agrees; what agrees half counts for next to nothing, as strangers do so everywhere once bent."""
        return float((np.clip(self.agreement, 0, 1) ** 8).mean())

    def kept(self, image: Pixels, other: Pixels, synthetic_id: str, train_id: str) -> AlignedPair:
        """The pair as the run keeps it."""
        small = no_longer_than(_SIDES[image.ndim - 1], image.shape[1:])
        agreed = resize(self.agreement[None], small)[0]
        part = None if self.placement.bends else self._part(image, other, small)
        return AlignedPair(
            synthetic_id,
            train_id,
            self.placement,
            self.score,
            self.overlap,
            np.rint(100 * agreed).astype(np.int8),
            part,
        )

    def _part(
        self, image: Pixels, other: Pixels, small: tuple[int, ...]
    ) -> Bool[np.ndarray, "*small"] | None:
        """The part that agrees, if the rest does not; a bend makes strangers agree in places, too."""
        found = outlined(image, self.placement.laid(other)) & self.inside
        part = resize(found[None].astype(np.float32), small)[0] > 0.5
        agreed = resize(self.agreement[None], small)[0]
        alone = part.any() and part.mean() <= _PART * self.inside.mean()
        return part if alone and agreed[part].mean() >= _AGREES and _fills_its_box(part) else None

    def fine_part(self, image: Pixels, other: Pixels) -> Bool[np.ndarray, "*small"] | None:
        """The part whose finest detail agrees, if hardly anything else does."""
        small = no_longer_than(_SIDES[image.ndim - 1], image.shape[1:])
        part = resize(finely_outlined(image, other)[None].astype(np.float32), small)[0] > 0.5
        elsewhere = resize(self.agreement[None], small)[0][~part] > _AGREES
        alone = part.any() and part.mean() <= _PART and elsewhere.mean() <= _ELSEWHERE
        return part if alone and _fills_its_box(part) else None


def _told(
    best: _Laid, unmoved: _Laid, image: Pixels, other: Pixels, synthetic_id: str, train_id: str
) -> AlignedPair:
    """The pair as it agrees best; if that outlines nothing, unmoved where the finest detail of a part agrees."""
    pair = best.kept(image, other, synthetic_id, train_id)
    part = unmoved.fine_part(image, other) if pair.part is None else None
    return pair if part is None else replace(unmoved.kept(image, other, synthetic_id, train_id), part=part)


def _fills_its_box(part: Bool[np.ndarray, "*small"]) -> bool:
    """Whether this is a piece of an image, not a rim or a net that many images have in common."""
    box = np.prod([np.ptp(places) + 1 for places in np.nonzero(part)])
    return bool(part.sum() >= _FILLED * box)


def _kept(synthetic: ImageSet, train: ImageSet, resources: Resources) -> pd.DataFrame:
    """The alignments of these pairs, from the cache where they were found before."""
    sides = (synthetic, train)
    key = {
        "version": _VERSION,
        "code": code_versions(),
        "pixels": [images.pixels.fingerprint for images in sides],
        "ids": [images.table["id"].tolist() for images in sides],
    }
    return Cache.default().table(
        "alignments", key, lambda: alignments_of(align_pairs(synthetic, train, resources))
    )


def _ways(
    synthetic: ImageSet, train: ImageSet, resources: Resources
) -> Iterator[tuple[Int64[np.ndarray, " q"], Alignment]]:
    """Alignments, and which pairs they are of: the simplest way first."""
    device = "cpu" if resources.device == "auto" else resources.device
    whole, stay = AlignmentSettings(), AlignmentSettings(affine_steps=0, bending_steps=0)
    everyone = np.arange(len(synthetic))

    def found(rows: Int64[np.ndarray, " q"], how: AlignmentSettings, start: Alignment | None) -> Alignment:
        return align(train, synthetic, pairs=(rows, rows), start=start, settings=how, device=device)

    n_axes = len(synthetic.shape) - 1
    for inverted in (False, True):
        yield everyone, found(everyone, stay, _as_they_are(len(synthetic), n_axes, inverted=inverted))
    rows, points = _where_points_agree(synthetic, train, resources)
    yield rows, found(rows, stay, points)
    yield everyone, found(everyone, whole, None)
    yield rows, found(rows, whole, points)


def _as_they_are(p: int, n_axes: int, *, inverted: bool) -> Alignment:
    """Nothing moves."""
    nothing = np.zeros((p, n_axes), dtype=np.float32)
    still = np.repeat(np.eye(n_axes, dtype=np.float32)[None], p, axis=0)
    return _start(still, nothing, np.full(p, inverted))


def _where_points_agree(
    synthetic: ImageSet, train: ImageSet, resources: Resources
) -> tuple[Int64[np.ndarray, " q"], Alignment]:
    """Which pairs of films have points that agree on a similarity, and this similarity."""
    rows, moved, inverted = [], [], []
    for row in range(len(synthetic) if len(synthetic.shape) == 3 else 0):
        image, other = (images.read(row, row + 1) for images in (synthetic, train))
        found = match_keypoints(image, other, 1, resources=resources)
        if np.isfinite(found.transforms).all():
            rows.append(row)
            moved.append(_from_the_centre(found.transforms[0, 0], image.shape[2:]))
            inverted.append(bool(found.inverted[0, 0]))
    if not rows:
        return np.empty(0, dtype=np.int64), _as_they_are(0, len(synthetic.shape) - 1, inverted=False)
    matrix, offset = (np.stack(part).astype(np.float32) for part in zip(*moved, strict=True))
    return np.array(rows, dtype=np.int64), _start(matrix, offset, np.array(inverted))


def _from_the_centre(
    transform: Float64[np.ndarray, "2 3"], space: tuple[int, ...]
) -> tuple[Float64[np.ndarray, "2 2"], Float64[np.ndarray, " 2"]]:
    """A map of pixels (x, y) as one of (y, x) from the centre, in halves of the longest side."""
    matrix, offset = transform[::-1, 1::-1], transform[::-1, 2]
    centre = (np.array(space) - 1) / 2
    return matrix, (matrix @ centre + offset - centre) / (max(space) / 2)


def _start(
    matrix: Shaped[np.ndarray, "p d d"], offset: Shaped[np.ndarray, "p d"], inverted: Bool[np.ndarray, " p"]
) -> Alignment:
    p, d = offset.shape
    controls = np.zeros((p, d) + (4,) * d, dtype=np.float32)
    return Alignment(np.zeros(p), np.zeros(p), inverted, matrix, offset, controls)
