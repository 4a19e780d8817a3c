"""Rows in a file are those in memory, leave nothing behind, and say where there was no room for them."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from doppelscan.store import Rows


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(
    ("row", "dtype"), [((), np.int32), ((5,), np.uint8), ((3, 2), np.complex64), ((0,), np.uint8)]
)
def test_rows_are_read_as_they_were_written_and_are_zero_before(
    row: tuple[int, ...], dtype: type[np.generic], in_memory: bool
) -> None:
    rows = Rows.of((100, *row), dtype, in_memory=in_memory)
    content = np.random.default_rng(0).integers(1, 100, (60, *row)).astype(dtype)
    rows.write(30, content[20:])
    rows.write(10, content[:20])
    assert len(rows) == 100
    np.testing.assert_array_equal(rows.read(10, 30), content[:20])
    np.testing.assert_array_equal(rows.read(30, 70), content[20:])
    assert not rows.read(0, 10).any()
    assert not rows.read(70, 100).any()
    assert rows.read(50, 50).shape == (0, *row)
    assert rows.read(0, 100).dtype == dtype


def test_threads_read_at_once(cache: Path) -> None:
    rows = Rows.of((5_000, 7), np.int32, in_memory=False)
    rows.write(0, np.arange(35_000, dtype=np.int32).reshape(-1, 7))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: rows.read(at, at + 3)[:, 0].tolist(), range(4_997)))
    assert found == [[7 * at, 7 * at + 7, 7 * at + 14] for at in range(4_997)]


def test_the_file_is_the_owners_and_leaves_no_name(cache: Path) -> None:
    rows = Rows.of((9,), np.int32, in_memory=False)
    rows.write(0, np.arange(9, dtype=np.int32))
    assert list((cache / "rows").iterdir()) == []
    assert (cache / "rows").stat().st_mode & 0o777 == 0o700
    assert rows.read(8, 9) == 8


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_named() -> None:
    with open("/dev/full", "rb+", buffering=0) as full:  # noqa: PTH123
        rows = Rows((9,), np.dtype(np.int32), full, "/the/cache")
        with pytest.raises(OSError, match="/the/cache") as refused:
            rows.write(0, np.arange(9, dtype=np.int32))
    assert refused.value.errno == errno.ENOSPC


def test_a_file_that_was_cut_short_is_an_error_of_the_disk() -> None:
    rows = Rows.of((9,), np.int32, in_memory=False)
    os.truncate(rows.held.fileno(), 12)  # type: ignore[union-attr]
    with pytest.raises(OSError, match="rows") as refused:
        rows.read(0, 9)
    assert refused.value.errno == errno.EIO
