"""A script without `if __name__ == "__main__"` does its work once; what it defines is there for children at need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAPS = "from doppelscan.workers import map_ordered\n"
OWN = MAPS + "class Pair:\n    def __init__(self, n): self.n = n\ndef twice(n): return Pair(2 * n)\n"
ASKS = "print('once')\nprint([one.n for one in map_ordered(twice, range(5), workers=2)])\n"


def ran(folder: Path, code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "mine.py").write_text(code)
    paths = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, *(words or ["mine.py"])],
        cwd=folder,
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_script_is_not_run_again_by_its_children(tmp_path: Path) -> None:
    code = (
        MAPS
        + "from chores import double\nprint('once')\nprint(list(map_ordered(double, range(5), workers=2)))\n"
    )
    assert ran(tmp_path, code + "print(__file__, __spec__)").stdout.splitlines() == [
        "once",
        "[0, 2, 4, 6, 8]",
        f"{tmp_path / 'mine.py'} None",
    ]


@pytest.mark.parametrize("words", [("mine.py",), ("-m", "mine")])
def test_what_a_guarded_script_defines_reaches_its_children_and_comes_back(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    code = OWN + "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in ASKS.splitlines())
    assert ran(tmp_path, code, *words).stdout.splitlines() == ["once", "[0, 2, 4, 6, 8]"]


def test_children_that_need_a_script_which_begins_when_it_is_read_start_no_more_children(
    tmp_path: Path,
) -> None:
    ended = ran(tmp_path, OWN + ASKS)
    assert ended.returncode == 1
    assert "put the work under if __name__ == '__main__'" in ended.stderr
