"""What does a linear classifier on frozen features say? Logistic regression, its penalty chosen by granted images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64, Shaped
from scipy import optimize, special

__all__ = ["PENALTIES", "Learnt", "probe", "probed"]

PENALTIES = (0.1, 0.01, 0.001, 0.0001)  # strongest first: each fit starts where the one before ended
_WITHOUT_FOLDS = 0.01
_BIAS = 1e-6  # keeps the bias of an absent class finite
_MANY = 100  # granted images from which one fold is asked instead of all


@dataclass(frozen=True, eq=False)
class Learnt:
    """Images to learn from: a row of `features` each (or pixels), their class, the fold of the patient; -1: none."""

    features: Shaped[np.ndarray, "n *d"]
    labels: Int64[np.ndarray, " n"]
    folds: Int64[np.ndarray, " n"]


def probe(
    real: Learnt, added: Learnt, asked: Float[np.ndarray, "m d"], n_classes: int
) -> tuple[Float64[np.ndarray, "m k"], float]:
    """The probability of each class of the images `asked`, and the penalty that was chosen.

    The penalty is the one under which granted images are told best by a classifier that learnt without them
    and without what was made from them (`added.folds`: the fold of an image's source). Nothing else is consulted.
    """
    penalty = _chosen(real, added, n_classes)
    labels = np.concatenate([real.labels, added.labels])
    return next(probed([real.features, added.features], labels, asked, n_classes, [penalty])), penalty


def probed(
    features: Sequence[Float[np.ndarray, "_ d"]],
    labels: Int64[np.ndarray, " n"],
    asked: Float[np.ndarray, "m d"],
    n_classes: int,
    penalties: Sequence[float],
) -> Iterator[Float64[np.ndarray, "m k"]]:
    """The probabilities under each penalty: the mean loss over images, plus penalty / 2 times the sum of squares.

    The images learnt from are those of all arrays of `features`, in turn. Features are standardised by those learnt
    from, rows then of length 1 on average. The optimum is reached whatever the number of images, so that no arm has
    the advantage of more steps.
    """
    standardised = _standardised(np.concatenate(features), asked)
    del features  # there may be tens of thousands of images
    seen, other = _axes(*standardised)
    del standardised
    start = np.zeros((seen.shape[1] + 1, n_classes))
    for penalty in penalties:
        start = _minimum(seen, labels, penalty, start)
        yield special.softmax(other @ start[:-1] + start[-1], axis=1)


def _chosen(real: Learnt, added: Learnt, n_classes: int) -> float:
    """The penalty of the least cross-validated loss; a middling one where there are no folds.

    From the strongest on: where a weaker one is worse, still weaker ones are not tried.
    """
    parts = np.unique(real.folds)
    if parts.size == 0 or parts[0] < 0:
        return _WITHOUT_FOLDS
    asked = parts.tolist() if len(real.labels) < _MANY else [int(parts[0])]
    paths = zip(*(_losses_without(part, real, added, n_classes) for part in asked), strict=True)
    chosen, least = PENALTIES[0], np.inf
    for penalty, losses in zip(PENALTIES, paths, strict=False):
        if sum(losses) > least:
            break
        chosen, least = penalty, sum(losses)
    return chosen


def _losses_without(part: int, real: Learnt, added: Learnt, n_classes: int) -> Iterator[float]:
    """Under each penalty, the loss of one fold's images where nothing was learnt from them."""
    out, kept = real.folds == part, added.folds != part
    labels = np.concatenate([real.labels[~out], added.labels[kept]])
    truth = np.arange(int(out.sum())), real.labels[out]
    seen = (features[rows] for features, rows in ((real.features, ~out), (added.features, kept)))
    for told in probed(list(seen), labels, real.features[out], n_classes, PENALTIES):
        yield float(-np.log(np.maximum(told[truth], 1e-12)).sum())


def _standardised(
    features: Float[np.ndarray, "n d"], asked: Float[np.ndarray, "m d"]
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, "m d"]]:
    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    varies = spread > 1e-6 * (np.abs(mean) + 1e-6)
    scale = varies / (np.where(varies, spread, 1) * np.sqrt(max(varies.sum(), 1)))
    seen, other = features - mean, asked - mean
    seen *= scale
    other *= scale
    return seen, other


def _axes(
    seen: Float64[np.ndarray, "n d"], other: Float64[np.ndarray, "m d"]
) -> tuple[Float64[np.ndarray, "n r"], Float64[np.ndarray, "m r"]]:
    """Both along the principal axes of `seen`, of which there are at most as many as images: nothing is lost.

    What lies across them changes no fit, and its weights are 0 at the optimum of any penalty.
    """
    wide = seen.shape[1] > seen.shape[0]
    values, vectors = np.linalg.eigh(seen @ seen.T if wide else seen.T @ seen)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    axes = seen.T @ (vectors[:, kept] / np.sqrt(values[kept])) if wide else vectors[:, kept]
    return seen @ axes, other @ axes


def _minimum(
    seen: Float64[np.ndarray, "n r"],
    labels: Int64[np.ndarray, " n"],
    penalty: float,
    start: Float64[np.ndarray, "e k"],
) -> Float64[np.ndarray, "e k"]:
    """Weights, and biases in the last row, of the least penalised loss.

    Each axis is stretched by about the root of the loss's curvature along it, which makes all directions alike.
    """
    n, k = len(seen), start.shape[1]
    truth = np.zeros((n, k))
    truth[np.arange(n), labels] = 1
    stretch = 1 / np.sqrt(np.append((seen**2).mean(axis=0) / k + penalty, 1 / k))[:, None]
    pull = np.append(np.full(seen.shape[1], penalty), _BIAS)[:, None]

    def loss(flat: Float64[np.ndarray, " p"]) -> tuple[float, Float64[np.ndarray, " p"]]:
        weights = flat.reshape(start.shape) * stretch
        scores = seen @ weights[:-1] + weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        total = shares.sum(axis=1, keepdims=True)
        off = (shares / total - truth) / n
        slope = np.concatenate([seen.T @ off, off.sum(axis=0)[None]]) + pull * weights
        fit = float((np.log(total).sum() - scores[np.arange(n), labels].sum()) / n)
        return fit + float((pull * weights**2).sum()) / 2, (slope * stretch).ravel()

    how = {"maxiter": 200, "gtol": 1e-6, "ftol": 1e-10}
    done = optimize.minimize(  # type: ignore[call-overload]
        loss, (start / stretch).ravel(), jac=True, method="L-BFGS-B", options=how
    )
    return np.asarray(done.x.reshape(start.shape) * stretch)
