"""JSON and TOML of strangers are plain values, or one ValueError."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.store import parse_json, parse_toml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_what_json_can_say_comes_back(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "says 'c' twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        (r'["\ud800"]', "half a character"),
        (r'{"\udfff": 1}', "half a character"),
        ("9" * 5000, "digits"),
        ("", "Expecting value"),
    ],
)
def test_what_has_no_meaning_of_its_own_is_refused(text: str, why: str) -> None:
    for content in (text, text.encode()):
        with pytest.raises(ValueError, match=why):
            parse_json(content)


def test_pairs_of_halves_are_characters() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "\U0001f600"


@given(st.binary(max_size=60))
def test_any_bytes_are_values_or_a_value_error(content: bytes) -> None:
    for parse in (parse_json, parse_toml):
        with contextlib.suppress(ValueError):
            parse(content)


def test_toml_is_read_and_what_is_nested_too_deeply_is_refused() -> None:
    assert parse_toml(b"a = 1\n[b]\nc = nan\n")["a"] == 1
    assert math.isnan(parse_toml(b"[b]\nc = nan\n")["b"]["c"])
    for content in (b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000, b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            parse_toml(content)
