"""Manifests, tables and the cache: versioned, checked, keyed by content."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from doppelscan.errors import FormatError
from doppelscan.store import (
    Cache,
    fingerprint,
    fingerprint_files,
    read_json,
    read_table,
    write_json,
    write_table,
)

SCHEMA = pa.schema([("id", pa.string()), ("score", pa.float64())], metadata={"format": "things/1"})


def test_json_comes_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"format": "things/1", "n": 3})
    assert read_json(tmp_path / "a.json", expected="things/1")["n"] == 3


def test_nan_never_reaches_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"format": "things/1", "n": float("nan")})
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "things/2"}', "newer"),
        ('{"format": "others/1"}', "others/1"),
        ("[1]", "None"),
        ("{", "cannot be read"),
        ("\x00\xff", "cannot be read"),
    ],
)
def test_another_format_or_damage_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="latin-1")
    with pytest.raises(FormatError, match=message):
        read_json(tmp_path / "a.json", expected="things/1")


def test_lists_within_lists_without_end_are_damage(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(FormatError, match="cannot be read"):
        read_json(tmp_path / "a.json", expected="doppelscan-test/1")


def test_a_table_comes_back_with_its_columns_in_order(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", pd.DataFrame({"score": [0.5], "id": ["a"], "extra": [1]}), SCHEMA)
    back = read_table(tmp_path / "t.parquet", SCHEMA)
    assert list(back.columns) == ["id", "score"]
    assert back.iloc[0].tolist() == ["a", 0.5]


def test_a_table_of_another_format_or_without_a_column_is_refused(tmp_path: Path) -> None:
    other = SCHEMA.with_metadata({"format": "others/1"})
    write_table(tmp_path / "t.parquet", pd.DataFrame({"id": ["a"], "score": [1.0]}), other)
    with pytest.raises(FormatError, match="others/1"):
        read_table(tmp_path / "t.parquet", SCHEMA)
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(FormatError, match="cannot be read"):
        read_table(tmp_path / "t.parquet", SCHEMA)
    short = pa.schema([("id", pa.string())], metadata=SCHEMA.metadata)
    write_table(tmp_path / "s.parquet", pd.DataFrame({"id": ["a"]}), short)
    with pytest.raises(FormatError, match="score"):
        read_table(tmp_path / "s.parquet", SCHEMA)


def test_fingerprints_tell_content_not_order_of_keys(tmp_path: Path) -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"x" * 3_000_000)
    first, second, absent = fingerprint_files([tmp_path / "a", tmp_path / "b", tmp_path / "none"])
    assert first == second == fingerprint(b"x" * 3_000_000)
    assert absent == ""


def test_the_cache_makes_a_table_once_for_a_key_and_again_for_another(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> pd.DataFrame:
        made.append(1)
        return pd.DataFrame({"n": [len(made)]})

    cache = Cache(tmp_path)
    assert [cache.table("t", {"k": k}, make)["n"].item() for k in (1, 1, 2)] == [1, 1, 2]


def test_json_on_disk_is_plain(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"format": "things/1", "name": "Zoë"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["name"] == "Zoë"
