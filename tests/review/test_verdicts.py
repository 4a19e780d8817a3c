"""Verdicts are on disk at once, are never changed, and are told apart from other files."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import FormatError
from doppelscan.images import Image
from doppelscan.review import pair_fingerprint, verdicts_of
from doppelscan.review.verdicts import FILE, PairKey, Verdicts

PAIR, KNOWN = PairKey("s1", "t1"), PairKey("t1@exact", "t1", "copy")


def test_what_stands_is_the_last_word_of_each_reader_on_each_pair(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.add("Ada", PAIR, "copy", "ribs", "f1")
    verdicts.add("Ben", PAIR, "novel", "", "f1")
    verdicts.add("Ada", KNOWN, "copy", "", "f2")
    verdicts.add("Ada", PAIR, "unsure", "not sure of the ribs", "f1")
    told = verdicts_of(tmp_path)
    assert told[["reader", "synthetic_id", "train_id", "control", "label"]].to_numpy().tolist() == [
        ["Ben", "s1", "t1", "", "novel"],
        ["Ada", "t1@exact", "t1", "copy", "copy"],
        ["Ada", "s1", "t1", "", "unsure"],
    ]
    assert told["comment"].tolist() == ["", "", "not sure of the ribs"]
    assert told["fingerprint"].tolist() == ["f1", "f2", "f1"]
    assert told["at"].is_monotonic_increasing
    assert list(verdicts.standing("Ben")) == [PAIR]
    verdicts.close()


def test_what_is_withdrawn_stands_no_more_but_is_kept(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.add("Ada", PAIR, "copy", "", "f1")
    verdicts.withdraw("Ada", PAIR)
    assert verdicts_of(tmp_path).empty
    assert verdicts.standing("Ada") == {}
    verdicts.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT label FROM verdicts").fetchall() == [("copy",), (None,)]
        for change in ("UPDATE verdicts SET label = 'novel'", "DELETE FROM verdicts"):
            with pytest.raises(sqlite3.IntegrityError, match="verdicts are kept"):
                connection.execute(change)
    connection.close()


def test_a_run_that_nobody_read_has_no_verdicts(tmp_path: Path) -> None:
    told = verdicts_of(tmp_path)
    assert told.empty
    assert {"reader", "synthetic_id", "train_id", "control", "label", "at"} <= set(told)
    assert list(tmp_path.iterdir()) == []


def test_several_threads_and_two_openings_lose_nothing(tmp_path: Path) -> None:
    readers = {name: Verdicts(tmp_path) for name in ("Ada", "Ben")}

    def say(n: int) -> None:
        for name, verdicts in readers.items():
            verdicts.add(name, PairKey(f"s{n}", "t"), "novel", "", "f")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(say, range(40)))
    assert verdicts_of(tmp_path).groupby("reader").size().to_dict() == {"Ada": 40, "Ben": 40}
    for verdicts in readers.values():
        verdicts.close()


def test_verdicts_are_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    verdicts.add("Ada", PAIR, "copy", "", "f1")
    verdicts.close()
    tmp_path.chmod(0o500)
    try:
        assert len(verdicts_of(tmp_path)) == 1
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_is_no_review_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else" * 100)
    with pytest.raises(FormatError, match=r"review\.sqlite.*not a database"):
        verdicts_of(tmp_path)
    with pytest.raises(FormatError, match="not a database"):
        Verdicts(tmp_path)


def test_another_database_and_a_newer_version_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(FormatError, match="no review"):
        Verdicts(tmp_path)
    (tmp_path / FILE).unlink()
    Verdicts(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(FormatError, match="newer"):
        verdicts_of(tmp_path)


def test_the_fingerprint_of_a_pair_tells_its_pixels_and_how_they_are_read() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    image = Image(pixels)
    other = pixels.copy()
    other[0, 0, 0] += 1
    same = pair_fingerprint(image, Image(pixels.copy(), spacing_mm=(1.0, 2.0)))
    told = {
        same,
        pair_fingerprint(image, Image(other)),
        pair_fingerprint(Image(other), image),
        pair_fingerprint(image, Image(pixels.reshape(1, 4, 3))),
        pair_fingerprint(image, Image(pixels.view(np.int8))),
        pair_fingerprint(image, Image(pixels, slope=2.0)),
    }
    assert pair_fingerprint(image, image) == same
    assert len(told) == 6
    assert len(same) == 64


def test_a_review_that_brings_views_or_triggers_of_its_own_is_refused(tmp_path: Path) -> None:
    hostile = {
        "a view that never ends": "ALTER TABLE verdicts RENAME TO was; CREATE VIEW verdicts AS WITH RECURSIVE n(i) AS "
        "(SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS number, i AS reader, i AS label FROM n",
        "a trigger": "CREATE TRIGGER own AFTER INSERT ON verdicts BEGIN SELECT load_extension('evil'); END",
    }
    for name, script in hostile.items():
        folder = tmp_path / name
        folder.mkdir()
        Verdicts(folder).close()
        with sqlite3.connect(folder / FILE) as connection:
            connection.executescript(script)
        connection.close()
        for attempt in (verdicts_of, Verdicts):
            with pytest.raises(FormatError, match="other tables, views or triggers"):
                attempt(folder)
