"""The values in lists are counted as a reader finds them, and no bytes lead the count astray."""

from __future__ import annotations

import contextlib
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.store.parquet_pages import values_in_lists

PATH = frozenset({"a.list.element"})
ROWS = st.lists(st.none() | st.lists(st.none() | st.integers(0, 3), max_size=30), min_size=1, max_size=40)


def packed(table: pa.Table, **how: object) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    return file


@settings(max_examples=60, deadline=None)
@given(
    rows=ROWS,
    version=st.sampled_from(["1.0", "2.0"]),
    dictionary=st.booleans(),
    group=st.integers(1, 50),
    page=st.sampled_from([16, 2**20]),
)
def test_all_values_are_counted(
    rows: list[list[int | None] | None], version: str, dictionary: bool, group: int, page: int
) -> None:
    """An empty list, and none, take a place of their own."""
    table = pa.table({"b": range(len(rows)), "a": pa.array(rows, pa.list_(pa.int64()))})
    file = packed(
        table, data_page_version=version, use_dictionary=dictionary, row_group_size=group, data_page_size=page
    )
    assert values_in_lists(file, PATH) == sum(max(1, len(row or [])) for row in rows)
    assert values_in_lists(file, frozenset({"b"})) == len(rows)
    assert values_in_lists(file, frozenset()) == 0


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_table_without_a_row_has_none(dictionary: bool) -> None:
    table = pa.table({"a": pa.array([], pa.list_(pa.float64()))})
    assert values_in_lists(packed(table, use_dictionary=dictionary), PATH) == 0


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_a_number_or_a_value_error(data: st.DataObject) -> None:
    content = bytearray(packed(pa.table({"a": [[1, 2], [], None, [3]]})).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert values_in_lists(io.BytesIO(content), PATH) >= 0


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", 40 * b"\x1c" + b"\x28\0\0\0PAR1"]
)
def test_what_is_no_parquet_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values_in_lists(io.BytesIO(content), PATH)
