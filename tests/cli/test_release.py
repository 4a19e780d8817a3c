"""`doppelscan release` and `doppelscan check` as a user calls them: refusal, release, check, tampering."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calling import Folders, call
from doppelscan.release import croissant

PASSING = ("--max-copied", 0.5, "--max-exposed", 5, "--min-power", 0.1, "--review-top", 0)
SAID = ("--license", "CC-BY-4.0", "--training-license", "CC BY 4.0", "--published", "2026-11-21")


@pytest.fixture(autouse=True)
def our_croissant_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(croissant, "faults_by_mlcroissant", lambda path: None)


def test_first_it_is_refused_with_every_reason_then_made_checked_and_found_tampered(
    run_folder: Path, folders: Folders, tmp_path: Path
) -> None:
    out = tmp_path / "release"
    refused = call("release", "--audit", run_folder, "--out", out)
    assert (refused.code, refused.out) == (1, "")
    for name in ("copied_share", "patients_exposed", "unreviewed", "licence", "training_licence"):
        assert f"doppelscan: {name}: " in refused.err
    assert not out.exists()

    made = call("release", "--audit", run_folder, "--out", out, *PASSING, *SAID)
    assert (made.code, made.err) == (0, "")
    assert made.out.splitlines()[0] == "22 of 25 images are released; withheld: 3 copied."

    fine = call("check", out, "--train", folders.train)
    assert (fine.code, fine.err) == (0, "")
    assert "Nothing of the training images is in it." in fine.out

    page = out / "README.md"
    page.write_text(page.read_text() + "\nborn 1965-03-12\n")
    found = call("check", out)
    assert found.code == 1
    assert "sums: README.md: is another file than SHA256SUMS says" in found.err
    assert "identifiers: README.md: looks like a date: '1965-03-12'" in found.err
    told = json.loads(call("check", out, "--json").out)
    assert {fault["check"] for fault in told["faults"]} == {"sums", "identifiers", "croissant"}


def test_a_reason_is_let_pass_by_name_and_why_only(run_folder: Path, tmp_path: Path) -> None:
    refused = call("release", "--audit", run_folder, "--out", tmp_path / "out", "--allow", "power")
    assert refused.code == 2
    assert "'power' says no why" in refused.err
