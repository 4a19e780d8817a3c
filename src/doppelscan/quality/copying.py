"""Does a set as a whole lie too near to what was trained on? Three scores that others report, and what each cannot see.

None of them names a copy or a patient, and none has an error rate: `doppelscan audit` does that.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy import stats

from doppelscan.quality.distances import directions, farthest_of, nearest_of
from doppelscan.quality.frechet import frechet_distance
from doppelscan.seeds import stream

__all__ = ["LEAST", "MIFID_THRESHOLD", "authentic", "cells_of", "cosine_distance", "data_copying", "mifid"]

MIFID_THRESHOLD = 0.1  # the mean cosine distance from which there is no penalty
LEAST = 20  # synthetic and held-out images of a cell that is tested
_MOST_CELLS = 10
_ROUNDS = 50


def authentic(train: Float[np.ndarray, "n d"], synthetic: Float[np.ndarray, "m d"]) -> Bool[np.ndarray, " m"]:
    """Whether each synthetic image is farther from the training image next to it than that one is from its own next.

    The authenticity of Alaa et al. (2022), whose mean is AuthPct over 100. A perfect generator does not reach 1:
    a fresh draw is nearer to some training image than any other training image is nearly half of the time.

    Blind where a training image has its own duplicate, or another image of its patient, beside it: copies of
    such an image are all called authentic. One training image alone has no next: then nothing can be said, and
    everything is authentic.
    """
    nearest, far = nearest_of(synthetic, train)
    own = np.nan_to_num(farthest_of(train, 1), nan=-np.inf)
    return np.asarray(far > own[nearest])


def data_copying(
    train_to: tuple[Float[np.ndarray, " m"], Float[np.ndarray, " h"]],
    cell: tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " h"]],
    *,
    least: int = LEAST,
) -> float:
    """C_T of Meehan, Chaudhuri and Dasgupta (2020): below 0 where synthetic images lie nearer than held-out ones.

    `train_to` holds the distance of each synthetic and of each held-out image to the training set, `cell` the region
    of space that each is in. In each cell with `least` of both, or in all of space where there is none, Z is the
    Mann-Whitney statistic standardised as for independent images without ties; C_T is the mean of Z by
    the held-out images' shares. Below -3 is called copying. NaN where one of the sets is empty.

    Blind to copies that are few: synthetic images that lie farther than usual make up for them. Blind to
    where a copy was changed enough to lie as far as a stranger. Images of one patient are no independent ones, and
    make it look surer than it is.
    """
    far, held = train_to
    if not far.size or not held.size:
        return math.nan
    cells = [at for at in np.unique(cell[1]) if at >= 0 and min((of == at).sum() for of in cell) >= least]
    if not cells:
        return _z(far, held)
    counts = np.array([(cell[1] == at).sum() for at in cells], dtype=np.float64)
    found = np.array([_z(far[cell[0] == at], held[cell[1] == at]) for at in cells])
    return float(counts @ found / counts.sum())


def cells_of(
    train: Float[np.ndarray, "n d"], others: tuple[Float[np.ndarray, "_ d"], ...], *, seed: int
) -> tuple[Int64[np.ndarray, " _"], ...]:
    """In which region of space each of the others lies: regions are the means of the training set (Lloyd).

    So many that each has 50 training images in the mean, ten at most.
    """
    n_cells = max(1, min(_MOST_CELLS, len(train) // 50))
    centres = train[np.sort(stream(seed, "cells").permutation(len(train))[:n_cells])].astype(np.float64)
    for _ in range(_ROUNDS):
        cell = nearest_of(train, centres)[0]
        moved = np.stack(
            [train[cell == at].mean(axis=0) if (cell == at).any() else centres[at] for at in range(n_cells)]
        )
        if np.array_equal(moved, centres):
            break
        centres = moved
    return tuple(nearest_of(of, centres)[0] for of in others)


def mifid(real: Float[np.ndarray, "n d"], synthetic: Float[np.ndarray, "m d"]) -> float:
    """The Fréchet distance over the mean cosine distance to the nearest real image, if below 0.1 (Bai et al. 2021).

    The penalty is 1 / s with s the mean over synthetic images of the least 1 - |cos| to a real one; none above
    the threshold, which suits Inception's vectors and no others. 0 over 0 is 0.

    Blind to copies that are few among others, and fond of those of the whole set: exact ones of every training
    image have the best score there is, 0, and noisy ones can have a better one than fresh draws, where the distance
    that is multiplied falls faster than the penalty grows. Copies of a part of the set are punished.
    """
    distance = frechet_distance(real, synthetic)
    s = cosine_distance(real, synthetic)
    return distance / (s + 1e-14) if s < MIFID_THRESHOLD else distance


def cosine_distance(real: Float[np.ndarray, "n d"], synthetic: Float[np.ndarray, "m d"]) -> float:
    """The mean over synthetic images of the least 1 - |cos| to a real one; a vector of zeros is at 1."""
    x, y = directions(synthetic), directions(real)
    size = max(1, 2**21 // max(len(y), 1))
    nearest = [
        1 - np.abs(x[start : start + size] @ y.T).max(axis=1, initial=0.0) for start in range(0, len(x), size)
    ]
    return float(np.concatenate(nearest).clip(0).mean()) if nearest else math.nan


def _z(far: Float[np.ndarray, " m"], held: Float[np.ndarray, " h"]) -> float:
    """How often a synthetic image is farther than a held-out one, standardised; ties count one half."""
    m, n = len(far), len(held)
    u = stats.rankdata(np.concatenate([far, held]))[:m].sum() - m * (m + 1) / 2
    return float((u - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12))
