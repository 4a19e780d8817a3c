import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.estimates import Estimate
from doppelscan.report.numbers import between, counted, p_value, share, value


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0123, "1.2%"),
        (0.004, "0.40%"),
        (0.00001, "<0.01%"),
        (0.99999, ">99.9%"),
        (math.nan, "unknown"),
    ],
)
def test_a_share_is_written_with_as_many_digits_as_it_needs(rate: float, written: str) -> None:
    assert share(rate) == written


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_zero_and_one_are_written_as_none_and_all(rate: float) -> None:
    assert share(rate) not in {"0%", "0.00%", "100%", "100.0%"}


def test_an_interval_names_both_ends() -> None:
    assert between(Estimate(0.05, 0.004, 0.1, 10)) == "0.40% to 10.0%"


def test_a_count_has_a_plural_and_thousands() -> None:
    assert [counted(n, "image") for n in (0, 1, 1200)] == ["0 images", "1 image", "1,200 images"]


def test_what_is_undefined_is_a_dash_and_what_is_infinite_says_so() -> None:
    assert [value(number) for number in (None, math.nan, math.inf, -math.inf, 0.123456)] == [
        "–",
        "–",
        "∞",
        "-∞",
        "0.1235",
    ]
    assert [p_value(p) for p in (math.nan, 0.0321, 4.2e-6)] == ["–", "0.032", "4.2e-06"]
