"""What is granted: so many of each class, more holding fewer, patients whole within their fold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.imagesets import ImageSet
from doppelscan.utility.granting import folds_of, granted, labels_of
from doppelscan.utility.settings import ALL

CLASSES = ("a", "b")


def images(labels: list[str], patients: list[str]) -> ImageSet:
    return ImageSet.from_arrays(
        np.zeros((len(labels), 1, 2, 2), np.uint8), pd.DataFrame({"label": labels, "patient": patients})
    )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6)), min_size=4, max_size=30), st.integers(0, 9)
)
def test_more_hold_fewer_and_each_class_has_its_number(rows: list[tuple[str, int]], seed: int) -> None:
    whole = images([*"ab", *(label for label, _ in rows)], ["x", "y", *(str(p) for _, p in rows)])
    labels = labels_of(whole, CLASSES)
    before: set[int] = set()
    for size in range(1, 5):
        mine = granted(whole, CLASSES, size, seed)
        expected = [min(size, int((labels == k).sum())) for k in range(2)]
        assert mine.per_class(2).tolist() == expected
        assert before <= set(mine.rows.tolist())
        before = set(mine.rows.tolist())
    assert granted(whole, CLASSES, ALL, seed).rows.tolist() == list(range(len(whole)))


def test_another_seed_grants_other_patients() -> None:
    whole = images(["a", "b"] * 50, [str(n) for n in range(100)])
    assert granted(whole, CLASSES, 5, 0).rows.tolist() != granted(whole, CLASSES, 5, 1).rows.tolist()


def test_a_patients_images_share_a_fold_and_every_fold_has_every_class() -> None:
    patients = np.repeat(np.arange(20), 3)
    labels = np.repeat(np.arange(20) % 2, 3)
    folds = folds_of(patients, labels, 2)
    assert all(len(set(folds[patients == patient])) == 1 for patient in range(20))
    assert all(set(labels[folds == fold]) == {0, 1} for fold in range(4))


@pytest.mark.parametrize("n", [1, 3])
def test_too_few_patients_have_no_folds(n: int) -> None:
    labels = np.arange(2 * n) % 2
    assert (folds_of(np.arange(2 * n), labels, 2) == -1).all()
