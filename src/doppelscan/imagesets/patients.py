"""Which patient is an image of? Told from its id, by a pattern that whoever wrote a recipe may have chosen."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import pattern as program

__all__ = ["patients_in"]

_SECONDS = 8.0
_IDS_A_SECOND = 20_000


def patients_in(ids: "pd.Series[str]", pattern: str) -> "pd.Series[str]":
    """What the pattern's group `patient`, or first group, is in each id; null where the pattern is not found.

    Raises
    ------
    InputError
        If it is no regular expression, has no group, is found nowhere, or looks for longer than any should.
    """
    found = _found(ids.tolist(), pattern)
    if isinstance(found, str):
        raise _refused(pattern, found, r"write (person\d+)")
    if found and not any(one is not None for one in found):
        raise _refused(pattern, f"matches no id, such as {ids.iloc[0]!r}")
    return pd.Series(found, index=ids.index, dtype=object)


def _found(names: list[str], pattern: str) -> list[str | None] | str:
    """What is found in each, or why the pattern will not do."""
    asked = json.dumps({"pattern": pattern, "names": names})
    seconds = _SECONDS + len(names) / _IDS_A_SECOND
    command = [sys.executable, "-I", "-S", str(program.__file__)]
    try:
        told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=seconds)  # noqa: S603, PLW1510 - this program
    except subprocess.TimeoutExpired:
        return f"still looks for patients after {seconds:.0f} s: let nothing repeat that repeats within"
    if told.returncode:
        return "cannot be used: the process that looked with it ended"
    found: list[str | None] | str = json.loads(told.stdout)
    return found


def _refused(pattern: str, what: str, cure: str = "") -> InputError:
    return InputError(Problem(f"{pattern!r} {what}", where="--patient-pattern", cure=cure))
