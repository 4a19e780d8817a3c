"""`doppelscan demo` says the truth beside what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calling import call


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, n in (("_TRAIN", 30), ("_HOLDOUT", 30), ("_NOVEL", 12)):
        monkeypatch.setattr(f"doppelscan.cli.demo.{name}", n)
    monkeypatch.setattr("doppelscan.cli.demo._COPIES", {"exact": 3, "flip": 2})


def test_the_truth_stands_before_the_findings(tmp_path: Path) -> None:
    done = call("demo", "--out", tmp_path / "demo")
    assert done.code == 0
    first, *_, last = done.out.splitlines()
    assert first.startswith("Truth: 5 of 17 synthetic images copy a patient. Found: ")
    assert "exact 3 of 3" in first
    assert last == f"Report: {tmp_path / 'demo' / 'run' / 'report.html'}"


@pytest.mark.slow
def test_the_truth_is_in_the_json(tmp_path: Path) -> None:
    said = json.loads(call("demo", "--out", tmp_path / "demo", "--json").out)
    assert said["truth"]["planted"] == {"exact": 3, "flip": 2}
    assert said["findings"]["n_synthetic"] == 17
