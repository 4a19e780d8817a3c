"""No two commands write to one place at once: the second waits, and says for whom."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from calling import call
from doppelscan.errors import InputError, Problem

HOLD = """
import sys, time
from pathlib import Path
from doppelscan.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
QUICK = ("prepare", "train", "adopt", "audit", "study")
SLOW = ("sample", "quality", "membership", "utility", "power", "release", "demo")


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW)])
def test_every_long_command_asks_for_its_place(
    asked: Callable[[str], tuple[object, ...]], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def held(path: Path, target: Path) -> int:
        if target == out:
            raise InputError(Problem("is held", where=str(path)))
        return acquired(path, target)

    words = asked(name)
    from doppelscan.store import locks

    acquired = locks._acquired
    monkeypatch.setattr(locks, "_acquired", held)
    done = call(name, *words, "--out", out)
    assert (done.code, done.err) == (2, f"doppelscan: {tmp_path / '.out.lock'}: is held\n")
    assert not out.exists() or not list(out.iterdir())


def test_a_command_that_waits_says_for_whom_and_then_ends_well(
    asked: Callable[[str], tuple[object, ...]], tmp_path: Path
) -> None:
    words, out = asked("prepare"), tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        end = threading.Timer(1.5, holder.kill)
        end.start()
        done = call("prepare", *words, "--out", out)
        end.join()
    assert done.code == 0
    assert done.err.startswith(f"doppelscan: {out}: waiting for process {holder.pid} on ")
    assert done.err.count("\n") == 1
    assert not (tmp_path / ".out.lock").exists()
