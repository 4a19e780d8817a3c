"""What a model is told of an image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.generators.text_to_image.prompts import columns_of, filled

TEMPLATE = "An image of {label}, a skin disease[, Fitzpatrick type {skin_tone}]"


@pytest.mark.parametrize(
    ("label", "tone", "said"),
    [
        ("acne", "V", "An image of acne, a skin disease, Fitzpatrick type V"),
        ("acne", None, "An image of acne, a skin disease"),
        (None, "V", ""),
        (None, None, ""),
    ],
)
def test_what_is_unknown_is_left_out_where_it_may_be_and_else_nothing_is_said(
    label: str | None, tone: str | None, said: str
) -> None:
    assert columns_of(TEMPLATE) == ("label", "skin_tone")
    assert filled(TEMPLATE, {"label": label, "skin_tone": tone}) == said


def test_a_prompt_without_columns_is_said_of_every_image() -> None:
    assert columns_of("A nevus") == ()
    assert filled("A nevus", {}) == "A nevus"


@pytest.mark.parametrize(
    "template", ["{label", "{}", "{0}", "{a.b}", "{a:>9}", "{a!r}", "[{a}", "a]b", "[[{a}]]"]
)
def test_templates_that_cannot_be_read_are_refused(template: str) -> None:
    with pytest.raises(InputError, match="prompt: "):
        columns_of(template)


@given(st.text(st.characters(exclude_characters="{}[]"), max_size=20), st.text(max_size=20))
def test_text_stays_as_it_is(before: str, value: str) -> None:
    assert filled(before + "{label}", {"label": value}) == before + value
