"""Findings and estimates show themselves in a notebook: the verdict beside its intervals, every name escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doppelscan.estimates import Estimate
from doppelscan.findings import Findings

from .test_findings import some_findings


def html(findings: Findings) -> str:
    return findings._repr_html_()


def test_the_verdict_stands_beside_its_intervals_and_the_power() -> None:
    shown = html(replace(some_findings(), n_synthetic=40))
    assert "4 of 40 synthetic images copy an image of a patient" in shown
    for row in ("copied", "copies missed, at most", "patients exposed", "power", "false alarms"):
        assert f"<th>{row}</th><td>10.0% (5.0% to 20.0%)</td>" in shown
    assert "<li>mind this</li>" in shown


def test_a_threshold_of_others_is_no_verdict_on_copies() -> None:
    assert "lie above the threshold" in html(replace(some_findings(), n_synthetic=40, calibration="dar"))


@pytest.mark.parametrize("copied", [Estimate(0.0, 0.0, 0.09, 40), Estimate.unknown()])
def test_nothing_found_is_said_beside_what_it_is_worth(copied: Estimate) -> None:
    shown = html(replace(some_findings(), n_synthetic=copied.n, copied=copied, exposed=(), notes=()))
    assert f"No copies found among {copied.n} synthetic images: worth as much as the power" in shown
    assert "exposed:" not in shown
    assert "<ul>" not in shown


def test_names_and_notes_are_escaped_and_not_all_patients_are_listed() -> None:
    exposed = ("<b>p</b>", *map(str, range(9)))
    shown = html(replace(some_findings(), n_synthetic=40, exposed=exposed, notes=("<script>",)))
    assert "exposed: &lt;b&gt;p&lt;/b&gt;, 0, 1, 2, 3 and 5 more" in shown
    assert "<script>" not in shown


def test_an_estimate_shows_its_interval() -> None:
    shown = Estimate(0.061, 0.022, 0.126, 1000)._repr_html_()
    assert shown == "<b>0.061</b> (95% interval 0.022 to 0.126), n = 1,000"
    assert Estimate.unknown()._repr_html_() == "<b>unknown</b> (95% interval 0 to 1), n = 0"
