"""Do training and held-out images differ by construction? A classifier that sees no model tries to tell them apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy import stats

from doppelscan.findings.membership import Difference
from doppelscan.seeds import stream
from doppelscan.statistics import auc

__all__ = ["difference", "foretold"]

_FOLDS = 5
_AT_ONCE = 64  # permutations


def difference(
    looks: Float64[np.ndarray, "n f"],
    member: Bool[np.ndarray, " n"],
    patient: Int64[np.ndarray, " n"],
    *,
    n_permutations: int,
    seed: int,
) -> tuple[Difference, Float64[np.ndarray, " n"]]:
    """How well the sides are told apart by looks alone, and what each image scored.

    Ridge regression on the side, each patient judged by what was learnt of others. The p-value is the rank of its
    AUC among those of sides that were dealt to the patients at random: exact, whatever the classifier is.
    """
    dealt = _dealt(member, patient, n_permutations, seed)
    found = [
        foretold(looks, dealt[:, start : start + _AT_ONCE], patient, seed=seed)
        for start in range(0, dealt.shape[1], _AT_ONCE)
    ]
    scores = np.hstack(found)
    areas = _areas(scores, dealt)
    p = float(np.mean(areas >= areas[0] - 1e-12))
    return Difference(auc(scores[:, 0], member, patient), p, n_permutations), scores[:, 0]


def foretold(
    looks: Float64[np.ndarray, "n f"],
    sides: Bool[np.ndarray, "n k"],
    patient: Int64[np.ndarray, " n"],
    *,
    seed: int,
) -> Float64[np.ndarray, "n k"]:
    """What ridge regression foretells of each image's side from patients of other folds, for k ways of siding.

    Folds do not know the sides, and so treat all ways alike. The ridge is such that as many directions as there are
    images, each of the mean variance, would count half.
    """
    spread = looks.std(axis=0)
    z = (looks - looks.mean(axis=0))[:, spread > 1e-12] / spread[spread > 1e-12]
    y = sides - sides.mean(axis=0)
    fold = (stream(seed, "folds").permutation(int(patient.max()) + 1) % _FOLDS)[patient]
    scores = np.zeros(y.shape)
    for one in range(_FOLDS):
        learnt, judged = z[fold != one], z[fold == one]
        ridge = max(z.shape[1], 1) * np.eye(z.shape[1])
        scores[fold == one] = judged @ np.linalg.solve(learnt.T @ learnt + ridge, learnt.T @ y[fold != one])
    return scores


def _dealt(
    member: Bool[np.ndarray, " n"], patient: Int64[np.ndarray, " n"], n: int, seed: int
) -> Bool[np.ndarray, "n k"]:
    """The sides as they are, then dealt anew to the patients n times."""
    side = np.zeros(int(patient.max()) + 1, dtype=bool)
    side[patient] = member
    chance = stream(seed, "sides")
    return np.column_stack([member, *(chance.permutation(side)[patient] for _ in range(n))])


def _areas(scores: Float64[np.ndarray, "n k"], sides: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """The AUC of each column, by midranks."""
    rank = stats.rankdata(scores, axis=0)
    n_members = sides.sum(axis=0)
    won = (rank * sides).sum(axis=0) - n_members * (n_members + 1) / 2
    return np.asarray(won / (n_members * (len(sides) - n_members)))
