"""The slow obvious search: every correlation by its definition, in float64, one pair at a time."""

from __future__ import annotations

import numpy as np

from doppelscan.search import Pose


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


def turned(image: np.ndarray, axes: tuple[int, ...], flips: tuple[bool, ...]) -> np.ndarray:
    """An image (c, *space) with its axes of space in this order, then flipped: value by value."""
    found = np.empty((len(image), *(image.shape[1 + axis] for axis in axes)), dtype=image.dtype)
    for to in np.ndindex(found.shape[1:]):
        place = [0] * len(axes)
        for j, (axis, flip) in enumerate(zip(axes, flips, strict=True)):
            place[axis] = found.shape[1 + j] - 1 - to[j] if flip else to[j]
        for c in range(len(image)):
            found[(c, *to)] = image[(c, *place)]
    return found


def correlations_in_poses(queries: np.ndarray, references: np.ndarray, poses: tuple[Pose, ...]) -> np.ndarray:
    """The correlation of every query in every pose with every reference: (pose, query, reference)."""
    return np.stack([correlations(np.ascontiguousarray(pose.of(queries)), references) for pose in poses])


def assert_is_nearest_in_pose(
    indices: np.ndarray, scores: np.ndarray, poses: np.ndarray, truth: np.ndarray, k: int
) -> None:
    """Check neighbours against the table of all correlations in all poses, NaN where a pair does not count.

    The pose named must have the largest score, and be the lowest that has it to the last digits.
    """
    best = truth.max(axis=0)
    assert_is_nearest(indices, scores, best, k)
    for row, (found, named) in enumerate(zip(indices, poses, strict=True)):
        assert (named[found < 0] == 0).all()
        for index, pose in zip(found[found >= 0], named[found >= 0], strict=True):
            assert truth[pose, row, index] >= best[row, index] - 1e-10
            assert (truth[:pose, row, index] < truth[pose, row, index] + 1e-10).all()
