"""A user's table is read as the user meant it, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.imagesets.tables import read_user_table


def read(folder: Path, content: str, encoding: str = "utf-8") -> dict[str, list[str | None]]:
    (folder / "t.csv").write_bytes(content.encode(encoding))
    return read_user_table(folder / "t.csv").to_dict(orient="list")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_line_ends_and_byte_order_marks_change_nothing(
    tmp_path: Path, separator: str, end: str, encoding: str
) -> None:
    rows = (("file", "patient"), ("a.png", "Zoë"), ("b.png", ""))
    content = "".join(separator.join(row) + end for row in rows)
    assert read(tmp_path, content, encoding) == {"file": ["a.png", "b.png"], "patient": ["Zoë", None]}


def test_spaces_empty_lines_and_missing_or_empty_last_fields_do_not_count(tmp_path: Path) -> None:
    found = read(tmp_path, "file, patient ,age\na.png, 007 ,1,,\n\nb.png\n")
    assert found == {"file": ["a.png", "b.png"], "patient": ["007", None], "age": ["1", None]}


def test_what_is_quoted_may_hold_separators_and_lines(tmp_path: Path) -> None:
    assert read(tmp_path, 'file,note\n"a,1.png","one\ntwo"\n') == {"file": ["a,1.png"], "note": ["one\ntwo"]}


def test_whole_numbers_read_alike_from_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"file": ["a", "b"], "patient": [7.0, None], "age": [1.5, 2.0]}).to_parquet(path)
    both = read_user_table(path).to_dict(orient="list")
    assert both == read(tmp_path, "file,patient,age\na,7,1.5\nb,,2\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        ("file,patient\na.png,1,2\n", "line 2 has 3 fields, the header 2"),
        ("file,patient,patient\na.png,1,1\n", "several columns are named 'patient'"),
        ('file\n"a.png\n', "unexpected end"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_names_the_cure(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(InputError, match="save it as UTF-8"):
        read(tmp_path, "file,patient\na.png,Müller\n", encoding)


def test_damaged_parquet_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="no readable table"):
        read_user_table(tmp_path / "t.parquet")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_any_bytes_are_a_table_or_an_input_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    try:
        table = read_user_table(tmp_path / "t.csv")
    except InputError:
        return
    assert len(set(table.columns)) == len(table.columns)


def test_what_pandas_noted_in_a_file_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pd.DataFrame({"file": ["a", "b"], "site": pd.Categorical(["x", None]), "seen": [[], ["p", "q"]]})
    for index in (None, ["r", "s"], pd.Index(["r", "s"], name="who")):
        table.set_axis(table.index if index is None else index).to_parquet(path)
        found = read_user_table(path)
        known = {"file": ["a", "b"], "site": ["x", None], "seen": [None, "['p' 'q']"]}
        assert found[["file", "site", "seen"]].to_dict(orient="list") == known
        assert list(found.columns[3:]) == (["who"] if getattr(index, "name", None) else [])
    arrow = pq.read_table(path).replace_schema_metadata({b"pandas": b'{"columns": 3}'})
    pq.write_table(arrow, path)
    assert read_user_table(path)["file"].tolist() == ["a", "b"]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.Table.from_arrays([pa.array(["a"])] * 2, names=["file", "file"]), tmp_path / "t.parquet"
    )
    with pytest.raises(InputError, match="one name"):
        read_user_table(tmp_path / "t.parquet")
