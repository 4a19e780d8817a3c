"""What looks like an identifier is looked for in a time that grows as the text does."""

from __future__ import annotations

import time

import pytest

from doppelscan.release.patterns import looking_like

N = 40_000


@pytest.mark.parametrize("unit", ["a", "1", "A'", "jan", "1.", "a@", "@a.", "/home/"])
def test_long_texts_that_never_match_take_no_longer_than_their_length_explains(unit: str) -> None:
    """Gone through again at each letter, such a text would take a thousand times as long."""
    text = (unit * N)[:N] + "!"
    begun = time.process_time()
    list(looking_like("notes.txt", text))
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("seen by a.b-c_d@clinic.example.org today", "an e-mail address"),
        ("DOE^JANE^MARY^DR^", "a person's name"),
        ("O'Neil-Smith^Ann", "a person's name"),
        ("03 september 2021", "a date"),
        ("Sept 03, 2021", "a date"),
    ],
)
def test_what_is_looked_for_is_found(text: str, what: str) -> None:
    assert f"looks like {what}: " in " ".join(str(one) for one in looking_like("notes.txt", text))
