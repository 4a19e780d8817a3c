"""Every test that SECURITY.md names is there, and so is every attack that the tests of attacks try."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (ROOT / "SECURITY.md").read_text())


def test_every_named_test_is_there() -> None:
    assert len(NAMED) > 50
    there = {path: (ROOT / path).read_text() for path in {path for path, _ in NAMED}}
    assert [f"{path}::{name}" for path, name in NAMED if f"def {name}(" not in there[path]] == []


def test_every_attack_that_is_tried_is_told() -> None:
    tried = re.findall(r"def (test_\w+)\(", (ROOT / "tests/hardship/test_attacks.py").read_text())
    assert set(tried) <= {name for _, name in NAMED}


def test_every_row_names_a_test() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
    attempts = [row for row in rows if row.count(" | ") == 2 and not row.startswith("| attempt ")]
    assert len(attempts) > 40
    assert [row for row in attempts if "::test_" not in row] == []
