"""Do running sums tell what a look at all references at once would?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.search.tile_grid import LENGTH
from doppelscan.search.tile_sums import TileSums

PLACES = np.array([[0, 1], [1, 2]])


def striking(z: np.ndarray, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In plain loops: how far the largest z of each query and place stands out, and whose it is."""
    m, n = left_out.shape
    values, who = np.full((m, len(PLACES)), -np.inf), np.full((m, len(PLACES)), -1)
    for i in range(m):
        for p, tiles in enumerate(PLACES):
            seen = {j: float(np.mean([z[t, i, j] for t in tiles])) for j in range(n) if not left_out[i, j]}
            if seen:
                who[i, p] = max(seen, key=lambda j: seen[j])
                total, count = sum(seen.values()), len(seen)
                scatter = sum((value - total / count) ** 2 for value in seen.values())
                deviation = ((scatter + 10 * 0.25**2) / (count + 10)) ** 0.5
                values[i, p] = (seen[who[i, p]] - total / (count + 10)) / deviation
    return values, who


@pytest.mark.parametrize("step", [1, 7, 30])
def test_any_number_of_references_at_once_gives_the_same_and_that_of_plain_loops(step: int) -> None:
    rng = np.random.default_rng(0)
    correlation = rng.uniform(-0.9, 0.9, (3, 4, 30))
    products = np.rint(correlation * LENGTH**2).astype(np.float32)
    left_out = rng.random((4, 30)) < 0.3
    left_out[2] = True
    sums, at_once = TileSums.empty(4, 2), TileSums.empty(4, 2)
    for first in range(0, 30, step):
        part = slice(first, first + step)
        sums.add(np.ascontiguousarray(products[:, :, part]), PLACES, left_out[:, part], first)
    at_once.add(products, PLACES, left_out, 0)
    values, who = striking(np.arctanh(correlation), left_out)
    np.testing.assert_array_equal(sums.striking, at_once.striking)
    np.testing.assert_array_equal(sums.who, who)
    np.testing.assert_allclose(sums.striking, values, rtol=1e-5)


def test_of_equal_references_the_first_is_kept_and_perfect_agreement_is_finite() -> None:
    sums = TileSums.empty(1, 2)
    sums.add(np.full((3, 1, 4), LENGTH**2, dtype=np.float32), PLACES, np.zeros((1, 4), dtype=bool), 5)
    assert sums.who.tolist() == [[5, 5]]
    assert np.isfinite(sums.striking).all()


def test_nobody_stands_out_without_references_or_detail() -> None:
    sums = TileSums.empty(1, 2)
    assert (sums.striking == -np.inf).all()
    sums.add(np.zeros((3, 1, 4), dtype=np.float32), PLACES, np.zeros((1, 4), dtype=bool), 0)
    assert not sums.striking.any()
