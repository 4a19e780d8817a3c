"""Aligned pairs come back from a run as they were; the first runs have none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from doppelscan.errors import FormatError
from doppelscan.findings import (
    AlignedPair,
    aligned_pairs,
    alignments_of,
    most_suspicious,
    read_run,
    write_run,
)
from doppelscan.images.placement import Placement

from .test_findings import some_run

RNG = np.random.default_rng(0)


def some_pair(n_axes: int, *, bends: bool = False, part: bool = False, name: str = "drawn") -> AlignedPair:
    grid = (6, 4, 5)[:n_axes]
    controls = RNG.normal(size=(n_axes,) + (5,) * n_axes) if bends else None
    return AlignedPair(
        name,
        "real",
        Placement(np.eye(n_axes) * 1.1, RNG.normal(size=n_axes), controls, inverted=bends),
        0.9,
        0.8,
        RNG.integers(-100, 101, grid).astype(np.int8),
        RNG.random(grid) > 0.5 if part else None,
    )


PAIRS = [
    some_pair(n_axes, bends=bends, part=part, name=f"{n_axes}{bends}{part}")
    for n_axes in (2, 3)
    for bends in (False, True)
    for part in (False, True)
]


def assert_same(pair: AlignedPair, other: AlignedPair) -> None:
    for name in ("synthetic_id", "train_id", "aligned_by", "score", "overlap"):
        assert getattr(pair, name) == getattr(other, name)
    for name in ("matrix", "offset", "controls", "inverted"):
        np.testing.assert_array_equal(getattr(pair.placement, name), getattr(other.placement, name))
    np.testing.assert_array_equal(pair.agreement, other.agreement)
    assert (pair.part is None) == (other.part is None)
    if pair.part is not None:
        np.testing.assert_array_equal(pair.part, other.part)


def test_pairs_come_back_from_a_run_to_the_last_bit(tmp_path: Path) -> None:
    write_run(tmp_path, replace(some_run(), alignments=alignments_of(PAIRS)))
    back = aligned_pairs(read_run(tmp_path).alignments)
    assert list(back) == [pair.synthetic_id for pair in PAIRS]
    for pair in PAIRS:
        assert_same(back[pair.synthetic_id], pair)


def test_the_first_runs_had_no_alignments_and_still_open(tmp_path: Path) -> None:
    write_run(tmp_path, some_run())
    assert aligned_pairs(read_run(tmp_path).alignments) == {}
    (tmp_path / "alignments.parquet").unlink()
    assert aligned_pairs(read_run(tmp_path).alignments) == {}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, some_run())
    (tmp_path / "alignments.parquet").write_bytes(b"no")
    with pytest.raises(FormatError, match="alignments"):
        read_run(tmp_path)


def test_numbers_that_do_not_fit_each_other_are_refused() -> None:
    table = alignments_of([some_pair(2)]).assign(grid=[(7, 7)])
    with pytest.raises(FormatError, match="damaged"):
        aligned_pairs(table)


def test_the_most_suspicious_are_flagged_then_least_likely_then_largest() -> None:
    rows = [
        ("a", 1, False, 0.5, 1.0),
        ("b", 1, False, 0.5, 2.0),
        ("c", 1, True, 0.9, 0.0),
        ("d", 1, False, 0.1, 0.0),
        ("d", 2, True, 0.0, 9.0),
    ]
    matches = pd.DataFrame(rows, columns=["synthetic_id", "rank", "copied", "p_value", "statistic"])
    assert most_suspicious(matches.assign(score=0.5))["synthetic_id"].tolist() == ["c", "d", "b", "a"]
