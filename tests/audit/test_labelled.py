"""A table of labelled pairs is read as people write it, and everything wrong with it is told at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doppelscan.audit.labelled import read_pairs
from doppelscan.errors import InputError


def table(folder: Path, text: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(text)
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(InputError) as refusal:
        read_pairs(path)
    return [str(problem).replace(str(path), "PAIRS") for problem in refusal.value.problems]


def test_pairs_with_one_reading_each(tmp_path: Path) -> None:
    pairs = read_pairs(table(tmp_path, "first,second,label\na,x,copy\nb,x,Novel\nc,y,1\nd,z,0\n"))
    assert len(pairs) == 4
    assert (pairs.first, pairs.second) == (("a", "b", "c", "d"), ("x", "x", "y", "z"))
    assert pairs.patient.tolist() == [0, 0, 1, 2]
    assert pairs.majority.tolist() == [1, 0, 1, 0]
    assert len(pairs.readers) == 1
    assert pairs.score is None
    assert pairs.verdict is None


def test_several_readers_are_told_apart_and_outvote_each_other(tmp_path: Path) -> None:
    text = "first,second,label,reader\na,x,1,A\na,x,1,B\na,x,0,C\nb,y,0,A\nb,y,1,B\nc,z,0,C\n"
    pairs = read_pairs(table(tmp_path, text))
    assert pairs.readers == ("A", "B", "C")
    assert pairs.readings.tolist() == [[1, 1, 0], [0, 1, -1], [-1, -1, 0]]
    assert pairs.majority.tolist() == [1, -1, 0]


def test_scores_verdicts_and_patients_are_taken(tmp_path: Path) -> None:
    text = "first,second,label,score,verdict,patient\na,x,1,0.5,copy,p\nb,y,0,-inf,0,p\nc,z,0,1e3,1,\nd,z,0,0,1,\n"
    pairs = read_pairs(table(tmp_path, text))
    assert pairs.score is not None
    assert pairs.verdict is not None
    assert pairs.score.tolist() == [0.5, -np.inf, 1000, 0]
    assert pairs.verdict.tolist() == [True, False, True, True]
    assert pairs.patient.tolist() == [0, 0, 1, 1]


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    assert problems_of(table(tmp_path, "first,truth\na,1\n")) == [
        "PAIRS: has no column 'second', only first, truth",
        "PAIRS: has no column 'label', only first, truth",
    ]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "first,second,label,score,verdict\n"
        "a,x,maybe,0.1,copy\n"
        "b,y,,high,novel\n"
        "c,,copy,0.2,copy\n"
        "d,z,1,nan,yes\n"
        "e,z,1,,1\n"
        "e,z,0,0.3,0\n"
    )
    assert sorted(problems_of(table(tmp_path, text))) == sorted(
        [
            "PAIRS: 1 rows do not name both images",
            "PAIRS: a and x: label 'maybe' is none of copy, 1, novel, 0",
            "PAIRS: b and y: no label",
            "PAIRS: d and z: verdict 'yes' is none of copy, 1, novel, 0",
            "PAIRS: b and y: score 'high' is no number",
            "PAIRS: d and z: score 'nan' is no number",
            "PAIRS: e and z: no score",
            "PAIRS: e and z: named more than once (name who said which in a column `reader`)",
            "PAIRS: e and z: have more than one score",
            "PAIRS: e and z: have more than one verdict",
        ]
    )


def test_readers_read_once_and_have_names(tmp_path: Path) -> None:
    text = "first,second,label,reader\na,x,1,A\na,x,0,A\nb,y,1,\n"
    assert problems_of(table(tmp_path, text)) == [
        "PAIRS: 1 rows name no reader",
        "PAIRS: a and x: read twice by one reader",
    ]


def test_of_many_pairs_with_one_problem_three_are_named(tmp_path: Path) -> None:
    rows = "".join(f"a{i},x,?\n" for i in range(9))
    (said,) = problems_of(table(tmp_path, "first,second,label\n" + rows))
    assert (
        said == "PAIRS: a0 and x; a1 and x; a2 and x and 6 pairs more: label '?' is none of copy, 1, novel, 0"
    )


def test_a_table_without_rows_holds_no_pair(tmp_path: Path) -> None:
    assert problems_of(table(tmp_path, "first,second,label,score,reader\n")) == ["PAIRS: holds no pair"]


cell = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.lists(
        st.sampled_from(["first", "second", "label", "reader", "patient", "score", "verdict", "x"]),
        min_size=1,
        max_size=7,
        unique=True,
    ),
    rows=st.lists(st.lists(cell | st.sampled_from(["copy", "0", "1.5", "a"]), max_size=7), max_size=6),
)
def test_whatever_a_table_holds_it_is_read_or_refused(
    tmp_path: Path, columns: list[str], rows: list[list[str]]
) -> None:
    quoted = [",".join('"' + one.replace('"', '""') + '"' for one in row) for row in rows]
    try:
        pairs = read_pairs(table(tmp_path, "\n".join([",".join(columns), *quoted])))
    except InputError:
        return
    assert len(pairs) > 0
    assert pairs.readings.shape == (len(pairs), len(pairs.readers))
