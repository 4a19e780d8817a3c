"""Whether two outcomes rank cells alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from doppelscan.seeds import stream
from doppelscan.studies.ranks import ranked_alike


def table(one: object, other: object) -> pd.DataFrame:
    return pd.DataFrame({"copied": one, "frechet": other})


def test_it_is_spearmans_correlation_ties_and_gaps_and_all() -> None:
    rng = stream(0, "ranks")
    one, other = rng.integers(0, 5, 40).astype(float), rng.normal(size=40)
    other[3] = np.nan
    found = ranked_alike(table(one, other), "copied", "frechet")
    oracle = stats.spearmanr(np.delete(one, 3), np.delete(other, 3)).statistic
    assert found.value == pytest.approx(oracle, abs=1e-12)
    assert (found.low < oracle < found.high, found.n) == (True, 39)


def test_few_cells_in_perfect_order_prove_little() -> None:
    four = ranked_alike(table(range(4), [9, 7, 5, 3]), "copied", "frechet")
    assert four.value == pytest.approx(-1)
    assert four.high > 0
    many = ranked_alike(table(range(20), range(20)), "copied", "frechet")
    assert many.low > 0.95


def test_intervals_hold_no_correlation_where_there_is_none() -> None:
    rng = stream(1, "ranks")
    found = [ranked_alike(table(*rng.normal(size=(2, 12))), "copied", "frechet") for _ in range(400)]
    held = np.mean([one.low <= 0 <= one.high for one in found])
    assert 0.91 <= held <= 0.98


@pytest.mark.parametrize("other", [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, np.nan, np.nan]])
def test_of_cells_all_alike_or_too_few_nothing_is_known(other: list[float]) -> None:
    assert not ranked_alike(table(range(5), other), "copied", "frechet").known
