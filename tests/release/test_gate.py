"""Every reason against a release is told at once; those that are named with a why pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doppelscan.errors import GateFailed, InputError, ReleaseBlocked
from doppelscan.estimates import Estimate
from doppelscan.findings import IdentityError, RatesByTransform
from doppelscan.findings.derived import DerivedFindings
from doppelscan.release import About, Limits, ReleaseSettings
from doppelscan.release.gate import Reason, audit_reasons, pass_or_block
from doppelscan.release.selecting import Selection

from .conftest import LENIENT, SAID, findings

ALL_SEEN = Selection(("a", "b"), {}, {})
DERIVED = DerivedFindings(7, 2, 2, 1, Estimate.unknown(), Estimate.unknown(), {})
ERROR = IdentityError("a", "P1", "b", "P2", "calibration", 0.9, 2.0, "near-identical")


def names(**changes: object) -> list[str]:
    given = {"selection": ALL_SEEN, "about": SAID, "limits": LENIENT, "unreadable": ()} | changes
    found = findings(**given.pop("findings", {}))  # type: ignore[arg-type]
    return [reason.name for reason in audit_reasons(found, **given)]  # type: ignore[arg-type]


def test_an_audit_within_its_limits_has_no_reason() -> None:
    assert names() == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("copied_share", {"limits": replace(LENIENT, max_copied=0.3)}),
        ("patients_exposed", {"limits": replace(LENIENT, max_exposed=2)}),
        ("power", {"limits": replace(LENIENT, min_power=0.51)}),
        ("power", {"findings": {"power": RatesByTransform(Estimate.unknown(), {})}}),
        ("no_holdout", {"findings": {"shift_controlled": False}}),
        ("identity_errors", {"findings": {"identity_errors": (ERROR,)}}),
        ("derived_images", {"findings": {"derived": DERIVED}}),
        ("unreadable", {"unreadable": ("a.png: truncated",)}),
        (
            "unreviewed",
            {"limits": replace(LENIENT, review_top=1), "selection": Selection(("a",), {}, {"a": 1})},
        ),
        (
            "blind_readers",
            {"limits": replace(LENIENT, review_top=1), "selection": Selection(("a",), {}, {}, {"a": 1})},
        ),
        ("licence", {"about": replace(SAID, licence=None)}),
        ("training_licence", {"about": replace(SAID, training_licence=None)}),
    ],
)
def test_each_reason_is_found(name: str, changes: dict[str, object]) -> None:
    assert names(**changes) == [name]


def test_limits_are_held_against_the_worse_end_of_an_interval_and_met_when_equal() -> None:
    exactly = Limits(max_copied=0.31, max_exposed=3, min_power=0.5, review_top=0)
    assert names(limits=exactly) == []
    assert names(limits=replace(exactly, max_copied=0.3099)) == ["copied_share"]


def test_a_rank_beyond_the_last_that_must_be_seen_is_no_reason() -> None:
    selection = Selection(("a", "b", "c"), {}, {"b": 2}, {"c": 3})
    assert names(limits=replace(LENIENT, review_top=1), selection=selection) == []


def test_all_reasons_are_told_at_once() -> None:
    reasons = [
        Reason("power", "too low", "audit again"),
        Reason("unreadable", "2 files", "", ("x.png", "y.png")),
    ]
    with pytest.raises(ReleaseBlocked) as blocked:
        pass_or_block(reasons, {})
    assert blocked.value.names == ("power", "unreadable")
    assert str(blocked.value).splitlines()[1:] == [
        "power: too low (audit again)",
        "unreadable: 2 files",
        "    x.png",
        "    y.png",
    ]
    assert isinstance(blocked.value, GateFailed)


def test_what_is_named_passes_and_the_rest_does_not() -> None:
    reasons = [Reason("power", "too low"), Reason("leak", "one place")]
    assert pass_or_block(reasons[:1], {"power": "exact copies only"}) == [(reasons[0], "exact copies only")]
    with pytest.raises(ReleaseBlocked) as blocked:
        pass_or_block(reasons, {"power": "exact copies only"})
    assert blocked.value.names == ("leak",)


@pytest.mark.parametrize(
    ("allow", "what"),
    [
        ({"leak": "I know"}, "never let pass"),
        ({"powr": "a typing error"}, "there is no reason 'powr'"),
        ({"power": "  "}, "has no why"),
    ],
)
def test_what_cannot_be_allowed_is_refused_at_once(allow: dict[str, str], what: str) -> None:
    with pytest.raises(InputError, match=what):
        ReleaseSettings(allow=allow)


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(InputError) as wrong:
        ReleaseSettings(margin=-1.0, groups=("patient", "a b"), allow={"x": "y"})
    assert len(wrong.value.problems) == 4
    with pytest.raises(InputError, match="2026-11-21"):
        About(published="21.11.2026")
    with pytest.raises(InputError, match="--max-exposed"):
        Limits(max_exposed=-1)
