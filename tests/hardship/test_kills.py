"""A command that is killed ends, run again, with the bytes of one that was not; `benchmarks/kills.py` does it often."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["prepare", "train ddpm", "audit pearson", "release"])
def test_a_command_that_is_killed_ends_with_the_same_bytes(name: str) -> None:
    asked = [sys.executable, str(SCRIPT), "--only", name, "--times", "3"]
    told = subprocess.run(
        asked, check=True, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    kills = [line for line in told.stdout.splitlines() if line.startswith(f"{name}: Kill(")]
    assert len(kills) == 3
    assert all("different=()" in kill for kill in kills), kills
