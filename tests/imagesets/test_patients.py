"""A pattern finds patients in ids, and one that never ends is ended."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.imagesets import patients
from doppelscan.imagesets.patients import patients_in
from doppelscan.imagesets.pattern import found_by

FOR_EVER = [r"((a+)+)$", r"((a|a)*)$", r"((a|aa)+)$", r"(?P<patient>(\w+\s?)*)!"]
ID = "a" * 60 + "-.png"


def test_each_id_has_what_the_group_finds_in_it() -> None:
    ids = pd.Series(["p1/a.png", "odd.png", "ü\n\u2028p2.png"], index=[7, 8, 9])
    found = patients_in(ids, r"p(?P<patient>\d)")
    assert found.tolist() == ["1", None, "2"]
    assert found.index.tolist() == [7, 8, 9]
    assert patients_in(ids, r"(p)(?P<patient>\d)")[9] == "2", "the group of that name, not the first"
    assert patients_in(pd.Series([], dtype=object), "(x)").tolist() == []


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_a_pattern_that_looks_for_ever_is_ended(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patients, "_SECONDS", 0.6)
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"still looks .*let nothing repeat that repeats"):
        patients_in(pd.Series([ID]), pattern)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("pattern", ["(" * 20_000, "(a{99999999999})", "(a", "(?P<x>", "*"])
def test_what_cannot_be_compiled_is_one_error(pattern: str) -> None:
    with pytest.raises(InputError, match=r"--patient-pattern: .* is no regular expression"):
        patients_in(pd.Series(["a"]), pattern)


def test_a_process_that_ends_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patients.program, "__file__", "/nowhere")
    with pytest.raises(InputError, match="the process that looked with it ended"):
        patients_in(pd.Series(["a"]), "(a)")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=12), st.lists(st.text(max_size=6), max_size=3))
def test_any_text_is_a_pattern_or_refused(pattern: str, names: list[str]) -> None:
    try:
        found = found_by(pattern, names)
    except ValueError as error:
        assert str(error).startswith(("is no regular expression", "has no group"))  # noqa: PT017 - either is right
    else:
        assert len(found) == len(names)
        assert all(part is None or part in name for part, name in zip(found, names, strict=True))
