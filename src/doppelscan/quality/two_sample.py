"""Are synthetic images nearer to the patients that were trained on than to held-out ones? A test of the whole set.

If the generator saw neither, nothing but chance says which patients are called trained and which held out. Each
synthetic image votes for the patient of the real image nearest to it. Under the null any other choice of as many
trained patients is as likely as the true one, given all images; so the votes that training patients get are compared
with what other choices would have given them. That is exact whatever the dependence between images of a patient,
or between synthetic ones: patients are exchanged whole, and synthetic images stay as they are. (A test of votes for
one of two samples goes back to Schilling 1986 and Henze 1988, who exchange single images.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from doppelscan.estimates import Estimate
from doppelscan.search import Blocks, Kept, nearest
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.statistics import clustered

__all__ = ["Side", "Votes", "exchange_p", "nearest_votes", "sides_p", "training_share"]

_N_DRAWS = 19_999
_AT_ONCE = 2**23  # labels drawn together

Choices = Iterator[Bool[np.ndarray, "b p"]]


@dataclass(frozen=True, eq=False)
class Side:
    """The images that were trained on, or those held out; `patient` holds a number for each image."""

    images: Blocks
    patient: Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Votes:
    """For which patient images vote: whom the nearest real image shows. Patients are numbered from 0.

    Attributes
    ----------
    trained
        Of each patient, whether the generator is said to have seen it.
    n_images
        Of each patient, how many images it has.
    synthetic
        For whom each synthetic image votes; -1 for nobody (a constant image).
    own, real
        Whom each real image shows, and which other patient it votes for.
    """

    trained: Bool[np.ndarray, " p"]
    n_images: Int64[np.ndarray, " p"]
    synthetic: Int64[np.ndarray, " m"]
    own: Int64[np.ndarray, " n"]
    real: Int64[np.ndarray, " n"]


def nearest_votes(
    trained: Side,
    held: Side,
    synthetic: Blocks,
    *,
    seed: int,
    resources: Resources,
    progress: Callable[[int], None] | None = None,
) -> Votes:
    """The votes, by an exact search for the largest Pearson correlation; progress counts pairs of images.

    Between equally near images of either side a coin decides, so that the order of the sides does not.
    """
    whose = [np.unique(side.patient, return_inverse=True)[1] for side in (trained, held)]
    n_trained = int(whose[0].max(initial=-1)) + 1
    sides = Side(trained.images, whose[0]), Side(held.images, whose[1] + n_trained)
    ask = _Ask((Kept(trained.images), Kept(held.images)), sides, resources, progress)
    coin = stream(seed, "equally near")
    own = np.concatenate([side.patient for side in sides])
    return Votes(
        np.arange(own.max(initial=-1) + 1) < n_trained,
        np.bincount(own),
        ask.voted(synthetic, None, coin),
        own,
        np.concatenate([ask.voted(side.images, side.patient, coin) for side in sides]),
    )


def training_share(votes: Votes) -> Estimate:
    """How many of the votes go to training images, had there been as many of them as held-out ones.

    One half if the generator saw neither; 1 if every synthetic image lies nearest to a training image.
    The interval is that of a rate over votes, clustered by the patient voted for.
    """
    whom = votes.synthetic[votes.synthetic >= 0]
    counted = clustered(votes.trained[whom], whom)
    if not counted.known:
        return counted
    n_trained, n_held = (int(votes.n_images[side].sum()) for side in (votes.trained, ~votes.trained))
    value, low, high = (_balanced(at, n_trained, n_held) for at in (counted.value, counted.low, counted.high))
    return Estimate(value, low, high, counted.n)


def exchange_p(votes: Votes, *, seed: int, n_draws: int = _N_DRAWS) -> tuple[float, float]:
    """The chance that so many votes go to training patients, and that so few do, if the generator saw neither.

    What counts is a patient's votes less those due to the number of its images. Each p-value is (1 + choices
    that give at least as much) / (1 + choices drawn), and so exact.
    """
    voted = np.bincount(votes.synthetic[votes.synthetic >= 0], minlength=len(votes.trained))
    excess = votes.n_images.sum() * voted - voted.sum() * votes.n_images  # whole numbers: ties are ties
    drawn = np.concatenate([choice @ excess for choice in _choices(votes.trained, n_draws, 0, seed)])
    mine = int(excess[votes.trained].sum())
    return _p(int((drawn >= mine).sum()), n_draws), _p(int((drawn <= mine).sum()), n_draws)


def sides_p(votes: Votes, *, seed: int, n_draws: int = 1999) -> float:
    """The chance that so many real images lie nearest to one of their own side, had chance chosen the sides.

    If it is small, training and held-out patients differ by themselves, in site, scanner or selection, and
    `exchange_p` tells that as well as what the generator saw.
    """
    voting = votes.real >= 0
    own, whom = votes.own[voting], votes.real[voting]
    drawn = [
        (choice[:, own] == choice[:, whom]).sum(axis=1)
        for choice in _choices(votes.trained, n_draws, len(own), seed)
    ]
    mine = int((votes.trained[own] == votes.trained[whom]).sum())
    return _p(int((np.concatenate(drawn) >= mine).sum()), n_draws)


@dataclass(frozen=True)
class _Ask:
    """Both sides, ready to be searched several times."""

    kept: tuple[Kept, Kept]
    sides: tuple[Side, Side]
    resources: Resources
    progress: Callable[[int], None] | None

    def voted(
        self, queries: Blocks, patient: Int64[np.ndarray, " q"] | None, coin: np.random.Generator
    ) -> Int64[np.ndarray, " q"]:
        """For whom each image votes, its own patient left out."""
        whom, scores = [], []
        for kept, side in zip(self.kept, self.sides, strict=True):
            apart = None if patient is None else (patient, side.patient)
            found = nearest(queries, kept, exclude=apart, resources=self.resources, progress=self.progress)
            best = found.indices[:, 0]
            whom.append(np.where(best >= 0, side.patient[best], -1))
            scores.append(np.nan_to_num(found.scores[:, 0], nan=-np.inf))
        tied, heads = scores[0] == scores[1], coin.random(len(queries)) < 0.5
        first = np.where(tied, heads, scores[0] > scores[1])
        return np.asarray(np.where(first, *whom), dtype=np.int64)


def _balanced(share: float, n_trained: int, n_held: int) -> float:
    """The share that is left to one side where both have as many images."""
    per_trained, per_held = share / n_trained, (1 - share) / n_held
    return per_trained / (per_trained + per_held)


def _choices(trained: Bool[np.ndarray, " p"], n_draws: int, width: int, seed: int) -> Choices:
    """Other choices of as many trained patients, a few at a time: no more numbers than `_AT_ONCE`."""
    generator = stream(seed, "exchange of patients")
    size = max(1, _AT_ONCE // max(width, len(trained)))
    for start in range(0, n_draws, size):
        rows = np.repeat(trained[None], min(size, n_draws - start), axis=0)
        yield generator.permuted(rows, axis=1)


def _p(n_as_much: int, n_draws: int) -> float:
    return (1 + n_as_much) / (1 + n_draws)
