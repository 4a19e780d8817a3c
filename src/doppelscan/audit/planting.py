"""Controls: images whose truth is known, sent through the same path as the synthetic ones."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from doppelscan.audit.matching import Matched, References
from doppelscan.images.transforms import STANDARD, Transform
from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.seeds import stream
from doppelscan.workers import counted

__all__ = ["AS_IT_IS", "ControlArm", "plant_controls"]

AS_IT_IS = "as it is"
_PART = 8  # a tile of planted images takes at most this part of the memory


@dataclass(frozen=True, eq=False)
class ControlArm:
    """Controls of one kind and their matches.

    `name` is `copy` (transformed training images: to be flagged), `novel` (the same transforms of images
    that the generator never saw: not to be) or `same_patient` (other images of training patients: neither).
    `source` are positions in `images`; `named` says whether the best match is the source.
    """

    name: str
    images: ImageSet
    source: Int64[np.ndarray, " n"]
    transform: tuple[Transform | None, ...]
    matched: Matched
    named: Bool[np.ndarray, " n"]

    @property
    def patient(self) -> Int64[np.ndarray, " n"]:
        """The patient of each control's source."""
        return np.asarray(self.images.patients[self.source])

    @property
    def transform_names(self) -> list[str]:
        """The transform's name of each control."""
        return [AS_IT_IS if transform is None else transform.name for transform in self.transform]


def plant_controls(references: References, *, n_patients: int, seed: int) -> tuple[ControlArm, ...]:
    """The three arms of controls, each of one image from each of at most `n_patients` patients."""
    draw = partial(_one_image_each, n_patients=n_patients, seed=seed)
    train, unseen = references.train, references.unseen or references.train
    copies = _planted(references, "copy", train, draw(train.patients), seed)
    novel = _planted(references, "novel", unseen, draw(unseen.patients), seed)
    return copies, novel, _same_patient(references, n_patients, seed)


def _planted(
    references: References,
    name: str,
    images: ImageSet,
    source: Int64[np.ndarray, " s"],
    seed: int,
) -> ControlArm:
    """Every transform of every source; a novel one is never matched with its own patient."""
    pairs = [(transform, int(position)) for position in source for transform in STANDARD]
    tiles = list(_tiles(len(pairs), images, references.resources.memory))
    parts = []
    for tile in counted(tiles, f"controls: {name}", len(tiles), references.progress):
        pixels = _transformed(images, pairs[tile], seed, references.resources.workers)
        own = references.patients(images)[[position for _, position in pairs[tile]]]
        parts.append(_matched(references, ArrayBlocks(pixels), own if name == "novel" else None))
    matched = _joined(parts)
    sources = np.array([position for _, position in pairs], dtype=np.int64)
    named = (matched.best == sources) & (name == "copy")
    return ControlArm(name, images, sources, tuple(transform for transform, _ in pairs), matched, named)


def _matched(references: References, planted: Blocks, own: Int64[np.ndarray, " t"] | None) -> Matched:
    """The matches of planted images, none with its own patient where these are given."""
    if own is None:
        return references.match(planted, "controls")
    if references.holdout is None:
        return references.match(
            planted, "controls", train_exclude=(own, references.patients(references.train))
        )
    exclude = own, references.patients(references.holdout)
    return references.match(planted, "controls", holdout_exclude=exclude)


def _same_patient(references: References, n_patients: int, seed: int) -> ControlArm:
    """Training images of patients who have several, each matched as if it were not in the training set."""
    train = references.train
    patients = train.patients
    several = np.flatnonzero(np.bincount(patients)[patients] > 1)
    chosen = several[_one_image_each(patients[several], n_patients=n_patients, seed=seed)]
    itself = np.arange(len(train))
    matched = references.match(train.take(chosen), "controls: same patient", train_exclude=(chosen, itself))
    named = np.zeros(len(chosen), dtype=bool)
    return ControlArm("same_patient", train, chosen, (None,) * len(chosen), matched, named)


def _one_image_each(
    patients: Int64[np.ndarray, " n"], *, n_patients: int, seed: int
) -> Int64[np.ndarray, " s"]:
    """The positions of one image of each of at most `n_patients` patients, drawn by seed."""
    order = stream(seed, "control sources").permutation(len(patients))
    first = np.unique(patients[order], return_index=True)[1]
    return order[np.sort(first)[:n_patients]]


def _tiles(n: int, images: ImageSet, memory: int) -> Iterator[slice]:
    bytes_each = int(np.prod(images.shape)) * 4
    size = max(1, memory // _PART // bytes_each)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _transformed(
    images: ImageSet, pairs: list[tuple[Transform, int]], seed: int, workers: int
) -> Shaped[np.ndarray, "t c *space"]:
    """Each pair's source, transformed; sources are read once."""
    positions = list(dict.fromkeys(position for _, position in pairs))
    pixels = dict(zip(positions, images.take(positions).read(0, len(positions)), strict=True))
    ids = images.table["id"].to_numpy()

    def one(pair: tuple[Transform, int]) -> Shaped[np.ndarray, "c *space"]:
        transform, position = pair
        return transform(pixels[position], stream(seed, "control", transform.name, str(ids[position])))

    with ThreadPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(one, pairs)))


def _joined(parts: list[Matched]) -> Matched:
    held = [part.holdout_score for part in parts if part.holdout_score is not None]
    return Matched(
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate(held) if held else None,
    )
