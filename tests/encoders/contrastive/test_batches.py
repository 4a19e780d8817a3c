"""Does every image come once an epoch, beside the others of its patient, in an order of the seed's own?"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.encoders.contrastive.batches import batch_of

PATIENTS = st.lists(st.integers(0, 8), min_size=1, max_size=40).map(
    lambda names: np.unique(names, return_inverse=True)[1].astype(np.int64)
)


@given(PATIENTS, st.integers(1, 5), st.integers(0, 3))
def test_each_image_comes_once_an_epoch(patients: np.ndarray, n_batches: int, epoch: int) -> None:
    steps = range(epoch * n_batches, (epoch + 1) * n_batches)
    batches = [batch_of(step, patients, n_batches, 0) for step in steps]
    assert sorted(np.concatenate(batches)) == list(range(len(patients)))
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


@given(PATIENTS, st.integers(0, 5))
def test_images_of_a_patient_come_one_after_the_other(patients: np.ndarray, epoch: int) -> None:
    order = patients[batch_of(epoch, patients, 1, 0)]
    assert np.count_nonzero(np.diff(order)) == patients.max()


def test_the_order_goes_by_seed_and_epoch_alone() -> None:
    patients = np.arange(50)
    first = batch_of(0, patients, 1, 0)
    assert np.array_equal(first, batch_of(0, patients, 1, 0))
    assert not np.array_equal(first, batch_of(1, patients, 1, 0))
    assert not np.array_equal(first, batch_of(0, patients, 1, 1))
