"""The model that docs/scale.md names is found in searches that follow it."""

from __future__ import annotations

import numpy as np

from scaling import Searched, fitted


def test_the_seconds_of_a_query_and_of_a_pair_are_found() -> None:
    sizes = [(10_000, 2_500), (40_000, 10_000)]
    searches = [
        Searched(n, m, workers, 0.0, m * 3e-4 + n * m / workers * 4e-8, 0.0)
        for n, m in sizes
        for workers in (1, 2, 8)
    ]
    np.testing.assert_allclose(fitted(searches), (3e-4, 4e-8))
