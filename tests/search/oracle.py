"""The slow obvious search: every correlation by its definition, in float64, one pair at a time."""

from __future__ import annotations

import numpy as np


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r of two images by its definition; NaN where one is constant."""
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    if (x == x[0]).all() or (y == y[0]).all():
        return np.nan
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


def correlations(queries: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The correlation of every query with every reference."""
    table = [[correlation(q, r) for r in references] for q in queries]
    return np.array(table, dtype=np.float64).reshape(len(queries), len(references))


def assert_is_nearest(indices: np.ndarray, scores: np.ndarray, truth: np.ndarray, k: int) -> None:
    """Check neighbours against the table of all correlations, NaN where a pair does not count.

    Scores must be the k best of each row; each index must have its score, be named once, and of scores
    that are equal the lower index must come first.
    """
    assert indices.shape == scores.shape == (len(truth), k)
    for found, score, row in zip(indices, scores, truth, strict=True):
        expected = -np.sort(-row[~np.isnan(row)])[:k]
        n = len(expected)
        np.testing.assert_allclose(score[:n], expected, atol=1e-10, rtol=0)
        np.testing.assert_allclose(row[found[:n]], score[:n], atol=1e-10, rtol=0)
        assert len(set(found[:n].tolist())) == n
        assert (found[n:] == -1).all()
        assert np.isnan(score[n:]).all()
        steps = zip(score[:n], score[1:n], found[:n], found[1:n], strict=False)
        assert all(s > t or (s == t and i < j) for s, t, i, j in steps)
