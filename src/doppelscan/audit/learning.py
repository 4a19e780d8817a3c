"""What a method learns before it compares: an encoder, and what is ordinary in each kind of evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Int64

from doppelscan.audit.matched import Yardstick
from doppelscan.audit.matching import References
from doppelscan.audit.settings import LEAST_TO_LEARN, AuditSettings
from doppelscan.audit.spaces import Encoded
from doppelscan.audit.witnesses import Aligned, Correlated, Points, Posed, Tiles, Witness
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.keypoints import extract_keypoints
from doppelscan.encoders.pretrained import pretrained
from doppelscan.imagesets import ImageSet, split
from doppelscan.imagesets.joining import joined
from doppelscan.search import Neighbours
from doppelscan.search import joined as joined_neighbours
from doppelscan.search.vectors import Encoder
from doppelscan.seeds import stream

__all__ = ["UNSEEN", "learnt", "measured", "trains"]

UNSEEN = 0.5  # of the held-out patients, whom nothing is learnt from
_SIDES = {2: (16, 64), 3: (12, 32)}  # pixels, by axes of space, from how far images are compared in all poses
_MEASURED = 1 / 3  # of the training patients: the yardstick is taken from them
_MOST_MEASURED = 100
_FEW_MEASURED = 40  # of fewer, the point that one in twenty exceeds is hardly known
_JOINING = 1 / 4  # of the held-out patients at most, where these are also the null
_FEW_POINTS = 40  # in the median film: with fewer, points are no witnesses
_LOOKED_AT = 64  # films


def learnt(pixels: References, twins: Collection[str], settings: AuditSettings) -> References:
    """References for a method that is more than the correlation of pixels.

    An encoder that is trained sees the training set and half of the held-out patients: so the two are treated alike,
    and the other half, `unseen`, is a fair null; a null of images that an encoder was trained on is
    anti-conservative. `twins` are patients found under two names: their held-out images are not trained on, and what is
    ordinary is told from others. For paper B's threshold the encoder sees the training set alone, as there. A
    pretrained encoder has seen none. Where too few patients are held out to train one, `registered` does without:
    pixels from afar name whom it aligns. A thorough look at flat images also compares their finest detail.
    """
    if settings.method == "contrastive":
        encoder, holdout, unseen = _encoder(pixels, twins, settings)
        return _references(
            pixels, (Correlated(Encoded(encoder, learnt=unseen is not None)),), holdout, unseen
        )
    films, from_afar = _recognisable(pixels.train, settings.seed), _from_afar(pixels.train)
    fine = [Tiles.fine()] if settings.effort == "thorough" and len(pixels.train.shape) == 3 else []
    witnesses: tuple[Witness, ...] = (
        Correlated(),
        *from_afar,
        Tiles(),
        *fine,
        *([Points()] if films else []),
    )
    if films and settings.pretrained is None:
        return measured(_references(pixels, witnesses, pixels.holdout, None), twins, settings.seed)
    if settings.preset is not None and not _enough_to_learn(pixels.holdout):
        aligned = Aligned((from_afar[-1],))
        return measured(
            _references(pixels, (*witnesses, aligned), pixels.holdout, None), twins, settings.seed
        )
    encoder, holdout, unseen = _encoder(pixels, twins, settings)
    naming = Correlated(Encoded(encoder, learnt=unseen is not None)), from_afar[-1]
    return measured(_references(pixels, (*witnesses, Aligned(naming)), holdout, unseen), twins, settings.seed)


def trains(train: ImageSet, holdout: ImageSet | None, settings: AuditSettings) -> bool:
    """Whether an encoder is trained on such images.

    By `contrastive`, unless its encoder is pretrained; by `registered` on volumes and films with few points, where
    enough patients are held out.
    """
    if settings.preset is None:
        return False
    if settings.method == "contrastive":
        return True
    return _enough_to_learn(holdout) and not _recognisable(train, settings.seed)


def _enough_to_learn(holdout: ImageSet | None) -> bool:
    return holdout is not None and len(np.unique(holdout.patients)) >= LEAST_TO_LEARN


def _recognisable(train: ImageSet, seed: int) -> bool:
    """Whether images have points enough to be known by them: films do, unless they are small or smooth."""
    if len(train.shape) != 3:
        return False
    chosen = stream(seed, "films with points").permutation(len(train))[:_LOOKED_AT]
    points = extract_keypoints(train.take(np.sort(chosen)), Points().voting.points)
    return bool(np.median(np.diff(points.starts)) >= _FEW_POINTS)


def _from_afar(train: ImageSet) -> tuple[Posed, ...]:
    return tuple(Posed(side) for side in _SIDES[len(train.shape) - 1])


def _encoder(
    pixels: References, twins: Collection[str], settings: AuditSettings
) -> tuple[Encoder, ImageSet | None, ImageSet | None]:
    """An encoder, the held-out images to compare with, and those that it has not seen; None if it has seen none."""
    if settings.pretrained is not None:
        return pretrained(settings.pretrained, resources=pixels.resources), pixels.holdout, None
    assert pixels.holdout is not None, "the inputs were checked"
    if settings.calibration == "dar":
        return _trained(pixels, pixels.train, settings), pixels.holdout, None
    reference, unseen = split(pixels.holdout, UNSEEN, seed=settings.seed)
    clean = References(pixels.train, reference, pixels.resources, pixels.progress).without_held_out(twins)
    assert clean.holdout is not None, "there is a holdout"
    seen = joined({"train": pixels.train, "holdout": clean.holdout})
    return _trained(pixels, seen, settings), reference, unseen


def _trained(pixels: References, seen: ImageSet, settings: AuditSettings) -> Encoder:
    assert settings.preset is not None, "it is no pretrained encoder"
    return fitted(
        seen,
        ContrastiveSettings(preset=settings.preset, effort=settings.effort),
        seed=settings.seed,
        resources=pixels.resources,
        progress=pixels.progress,
    )


def _references(
    pixels: References, witnesses: tuple[Witness, ...], holdout: ImageSet | None, unseen: ImageSet | None
) -> References:
    make = partial(References, pixels.train, holdout, pixels.resources, pixels.progress, unseen=unseen)
    return make(witnesses=witnesses)


def measured(references: References, twins: Collection[str], seed: int) -> References:
    """The references with a yardstick from some training patients, each matched without their own images.

    Where these are few, held-out ones join them: they are none of the null, or leave it. None of the `twins`, who are
    no strangers to each other, has a part in it, unless there is nobody else.
    """
    train, held, unseen = references.train, references.holdout, references.unseen
    own = references.patients(train)
    most = min(_MOST_MEASURED, max(1, int(_MEASURED * _count(own))))
    chosen = _drawn(_besides(own, references.numbers(twins)), most, seed, "measured patients")
    images = _first_of_each(own, chosen)
    matched = [references.found(train.take(images), "what is ordinary", train_exclude=(own[images], own))]
    joining = _joining(references, _FEW_MEASURED - len(chosen), twins, seed)
    if held is not None and len(joining):
        own = references.patients(held)
        images = _first_of_each(own, joining)
        exclude = own[images], own
        matched.append(references.found(held.take(images), "what is ordinary", holdout_exclude=exclude))
        if unseen is held:
            references = replace(references, unseen=held.take(np.flatnonzero(~np.isin(own, joining))))
    yardstick = Yardstick.of(*_together(matched), references.kinds)
    return replace(references, yardstick=yardstick, measured=references.names(chosen))


def _joining(references: References, most: int, twins: Collection[str], seed: int) -> Int64[np.ndarray, " k"]:
    """At most so many held-out patients, and few of those who are the null."""
    if references.holdout is None or most <= 0:
        return np.empty(0, dtype=np.int64)
    own = _besides(references.patients(references.holdout), references.numbers(twins))
    share = _JOINING if references.unseen is references.holdout else 1.0
    return _drawn(own, min(most, int(share * _count(own))), seed, "joining")


def _besides(patients: Int64[np.ndarray, " n"], twins: Int64[np.ndarray, " t"]) -> Int64[np.ndarray, " k"]:
    """The patients but for the twins; all of them where there is nobody else."""
    others = np.setdiff1d(patients, twins)
    return others if len(others) else patients


def _count(patients: Int64[np.ndarray, " n"]) -> int:
    return len(np.unique(patients))


def _drawn(patients: Int64[np.ndarray, " n"], most: int, seed: int, name: str) -> Int64[np.ndarray, " k"]:
    """At most so many of the patients."""
    return np.asarray(stream(seed, name).permutation(np.unique(patients))[:most])


def _first_of_each(own: Int64[np.ndarray, " n"], chosen: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
    """Where the first image of each of these patients is, in order."""
    patients, first = np.unique(own, return_index=True)
    return np.sort(first[np.isin(patients, chosen)])


def _together(
    matched: Sequence[tuple[tuple[Neighbours, ...], tuple[Neighbours, ...] | None]],
) -> tuple[list[Neighbours], list[Neighbours] | None]:
    """Kind by kind, what was found for all images in the training set, and in the holdout where there is one."""
    found = [joined_neighbours(parts) for parts in zip(*(one for one, _ in matched), strict=True)]
    held = [one for _, one in matched if one is not None]
    return found, [joined_neighbours(parts) for parts in zip(*held, strict=True)] if held else None
