"""Settings of a measurement of power: what is planted, and everything that is refused."""

from __future__ import annotations

import json

import pytest

from doppelscan.audit import PowerSettings
from doppelscan.errors import InputError


def test_each_graded_change_is_planted_at_every_strength_and_others_once() -> None:
    settings = PowerSettings(transforms=("flip", "rotation", "crop"), strengths=(0.5, 2.0))
    told = {
        name: [(change.name, change.strength, fraction) for change, fraction in graded]
        for name, graded in settings.changes.items()
    }
    assert told == {
        "standard": [("flip", 1.0, None), ("rotation", 7.5, 0.5), ("rotation", 30.0, 2.0)],
        "hard": [("crop", 0.5**0.5, 0.5), ("crop", 0.25, 2.0)],
    }


def test_fewer_patients_are_planted_where_pairs_are_aligned() -> None:
    assert PowerSettings().n_planted == 100
    assert PowerSettings(methods=("pearson", "registered")).n_planted == 40
    assert PowerSettings(methods=("registered",), n_patients=7).n_planted == 7


def test_an_audit_by_each_method_has_the_same_settings() -> None:
    settings = PowerSettings(methods=("pearson", "contrastive"), effort="quick", encoder="dar", seed=3)
    audit = settings.audit("contrastive")
    assert (audit.method, audit.effort, audit.encoder, audit.seed) == ("contrastive", "quick", "dar", 3)


def test_they_are_plain_values() -> None:
    written = json.loads(json.dumps(PowerSettings().to_json()))
    assert written["strengths"] == [0.5, 1.0, 1.5, 2.0]
    assert written["n_patients"] == 100


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        PowerSettings(
            methods=("magic", "pearson", "pearson"),
            transforms=("melt", "noise"),
            strengths=(0.0, 5.0),
            n_patients=1,
        )
    said = "\n".join(map(str, refusal.value.problems))
    for part in ("'magic'", "each is given once", "at 0 ", "at 5 ", "of 1 patients", "'melt'"):
        assert part in said
    assert len(refusal.value.problems) == 6


@pytest.mark.parametrize("name", ["methods", "transforms", "strengths"])
def test_nothing_at_all_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="one at least"):
        PowerSettings(**{name: ()})  # type: ignore[arg-type]


def test_a_strength_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="not at nan"):
        PowerSettings(strengths=(float("nan"),))
