"""Several sets as one: nothing is lost, mixed up or rounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cohorts import films, pixels_of
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.joining import joined


def test_images_and_rows_come_in_order_and_ids_name_their_set() -> None:
    both = joined({"train": films(3, each=2), "held": films(2, first=9)})
    assert both.table["id"].iloc[[0, -1]].tolist() == ["train/p0-0.png", "held/p10-0.png"]
    assert both.patients.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]
    expected = np.concatenate([pixels_of(films(3, each=2)), pixels_of(films(2, first=9))])
    assert np.array_equal(pixels_of(both), expected)
    assert np.array_equal(both.read(4, 7), expected[4:7])
    assert np.array_equal(both[6].pixels, expected[6])


def test_one_unknown_patient_in_each_set_makes_two() -> None:
    single = ImageSet.from_arrays(pixels_of(films(1)))
    assert joined({"a": single, "b": single}).patients.tolist() == [0, 1]


def test_images_are_taken_in_any_order_from_sets_on_disk(tmp_path: Path) -> None:
    parts = {name: save(films(4, first=k), tmp_path / name) for name, k in (("a", 0), ("b", 10))}
    both = joined(parts)
    order = [7, 0, 0, 5, 3]
    assert np.array_equal(pixels_of(both.take(order)), pixels_of(both)[order])
    assert both.take(order).fingerprint != both.fingerprint
    assert len(both.take([])) == 0
    assert both.read(3, 3).shape == (0, 1, 20, 20)


def test_the_type_holds_every_image() -> None:
    low = ImageSet.from_arrays(np.full((1, 1, 2, 2), 200, dtype=np.uint8))
    high = ImageSet.from_arrays(np.full((1, 1, 2, 2), -0.5, dtype=np.float32))
    both = joined({"low": low, "high": high})
    assert both.pixels.dtype == np.float32
    assert pixels_of(both)[:, 0, 0, 0].tolist() == [200.0, -0.5]


def test_shapes_that_differ_are_told_by_the_whole() -> None:
    other = ImageSet.from_arrays(np.zeros((1, 1, 3, 3), dtype=np.uint8))
    with pytest.raises(InputError, match="2 shapes"):
        _ = joined({"a": films(2), "b": other}).shape
