"""What does a regular expression find in names? Run as a program of its own, which can be ended: `patients` does so.

Some expressions look for ever, and nothing stops them in the process that asked. This one begins in a
hundredth of a second, since it needs nothing but Python's own modules.
"""

from __future__ import annotations

import json
import re
import sys

__all__ = ["found_by"]


def found_by(pattern: str, names: list[str]) -> list[str | None]:
    """What its group `patient`, or its first group, is in each name; None where nothing is found.

    Raises
    ------
    ValueError
        If it is no regular expression, or has no group.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    if not compiled.groups:
        raise ValueError("has no group")
    group = "patient" if "patient" in compiled.groupindex else 1
    matches = map(compiled.search, names)
    return [match[group] or None if match else None for match in matches]


def _answer() -> None:
    asked = json.load(sys.stdin)
    try:
        found: object = found_by(**asked)
    except ValueError as error:
        found = str(error)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _answer()
