"""Sets that differ by construction are told apart without a model, sets that do not are not."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.audit.membership.difference import _areas, difference, foretold
from doppelscan.seeds import stream


def cohort(
    n_patients: int, each: int, *, seed: int, n_looks: int = 6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Looks of which images of a patient share most; the first half of the patients are members."""
    chance = stream(seed, "cohort")
    patient = np.repeat(np.arange(n_patients), each)
    own = chance.normal(size=(n_patients, n_looks))[patient]
    return own + 0.3 * chance.normal(size=(len(patient), n_looks)), patient < n_patients // 2, patient


def test_each_patient_is_judged_by_ridge_regression_on_the_others() -> None:
    looks, member, patient = cohort(20, 2, seed=0)
    scores = foretold(looks, member[:, None], patient, seed=3)[:, 0]
    z = (looks - looks.mean(0)) / looks.std(0)
    y = member - member.mean()
    fold = (stream(3, "folds").permutation(20) % 5)[patient]
    for i in range(len(member)):
        others = fold != fold[i]
        assert patient[i] not in patient[others]
        slope = np.linalg.lstsq(
            np.vstack([z[others], np.sqrt(6) * np.eye(6)]), np.append(y[others], np.zeros(6)), rcond=None
        )[0]
        assert scores[i] == pytest.approx(z[i] @ slope)


def test_areas_are_shares_of_pairs_won() -> None:
    scores = stream(0, "areas").integers(0, 5, (12, 3)).astype(float)
    sides = np.column_stack([np.arange(12) % k == 0 for k in (2, 3, 4)])
    expected = [
        np.mean([(a > b) + (a == b) / 2 for a in s[m] for b in s[~m]])
        for s, m in zip(scores.T, sides.T, strict=True)
    ]
    np.testing.assert_allclose(_areas(scores, sides), expected)


def test_a_brighter_holdout_is_seen_with_the_smallest_p_value_there_is() -> None:
    looks, member, patient = cohort(60, 2, seed=1)
    looks[~member, 0] += 3
    found, scores = difference(looks, member, patient, n_permutations=199, seed=0)
    assert found.is_there
    assert found.p_value == 1 / 200
    assert found.auc.low > 0.8
    assert scores[member].mean() > scores[~member].mean()


def test_equal_sets_are_rarely_said_to_differ_however_alike_the_images_of_a_patient() -> None:
    p = [difference(*cohort(30, 4, seed=run), n_permutations=99, seed=run)[0].p_value for run in range(60)]
    assert np.mean(np.array(p) <= 0.1) <= 0.2  # of 60, twelve or fewer: 99.5% of the time
    assert 0.35 < np.mean(p) < 0.65


def test_looks_that_nobody_differs_in_tell_nothing() -> None:
    _, member, patient = cohort(20, 1, seed=0)
    found, scores = difference(np.ones((20, 4)), member, patient, n_permutations=99, seed=0)
    assert (found.p_value, found.auc.value) == (1, 0.5)
    assert not scores.any()
    assert not found.is_there
