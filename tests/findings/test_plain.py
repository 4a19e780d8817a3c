"""Conclusions come back from JSON as they were; what is no conclusion is named by its field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.errors import FormatError
from doppelscan.estimates import Estimate
from doppelscan.findings.plain import from_plain, to_plain


@dataclass(frozen=True)
class Inner:
    name: str
    rate: Estimate


@dataclass(frozen=True)
class Outer:
    n: int
    share: float
    sure: bool
    limit: float | None
    inner: Inner
    several: tuple[Inner, ...]
    by_name: Mapping[str, Estimate]
    made_from: Mapping[str, Any]
    absent: Inner | None = None
    notes: tuple[str, ...] = ()
    tables: dict[str, float] = field(default_factory=dict)


RATE = Estimate(0.5, 0.25, 0.75, 8)
OPEN = Estimate(math.nan, 0.0, math.inf, 0)
SOME = Outer(
    3,
    0.5,
    True,
    None,
    Inner("a", RATE),
    (Inner("b", RATE),),
    {"c": RATE},
    {"seed": [1, "x", None]},
    notes=("d",),
)


def test_what_was_written_is_read() -> None:
    plain = json.loads(json.dumps(to_plain(SOME), allow_nan=False))
    assert from_plain(Outer, plain, where="outer.json") == SOME


def test_unknown_numbers_are_none_and_come_back() -> None:
    plain = json.loads(json.dumps(to_plain(Inner("open", OPEN)), allow_nan=False))
    back = from_plain(Inner, plain, where="inner.json").rate
    assert math.isnan(back.value)
    assert (back.high, back.n) == (math.inf, 0)


def test_a_field_that_is_new_is_passed_over_and_a_default_fills_in() -> None:
    plain = to_plain(SOME) | {"of_a_later_version": 1}
    del plain["notes"]
    assert from_plain(Outer, plain, where="outer.json").notes == ()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"n": "three"}, "n: 'three' is no int"),
        ({"n": True}, "n: True is no int"),
        ({"share": "0.5"}, "share: '0.5' is no float"),
        ({"sure": 1}, "sure: 1 is no bool"),
        ({"inner": []}, "inner: [] is no dict"),
        ({"inner": {"name": "a"}}, "inner: rate is absent"),
        ({"several": {}}, "several: {} is no list"),
        ({"several": [{"name": 1, "rate": {}}]}, "several: name: 1 is no str"),
        ({"by_name": {"c": {"value": 2, "low": 3, "high": 1, "n": 1}}}, "is no value with its interval"),
        ({"by_name": {"c": [1]}}, "by_name: [1] is no dict"),
    ],
)
def test_a_field_of_another_type_is_named(damage: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError, match=r"outer\.json") as caught:
        from_plain(Outer, to_plain(SOME) | damage, where="outer.json")
    assert told in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "rate", "n"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from([*to_plain(SOME)]), JSON)
def test_whatever_a_stranger_wrote_is_read_or_refused(name: str, content: Any) -> None:
    try:
        found = from_plain(Outer, to_plain(SOME) | {name: content}, where="outer.json")
    except FormatError:
        return
    assert to_plain(found) == to_plain(from_plain(Outer, to_plain(found), where="outer.json"))
