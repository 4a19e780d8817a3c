"""Files of strangers are read or refused: whatever is damaged, nothing else comes of it. `run.py` goes on for hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.mutations import mutated
from fuzz.run import Attacked, attacked
from fuzz.targets import TARGETS

FOUND = Path(__file__).parent / "found"
QUICK = sorted(set(TARGETS) - {"model", "release", "run"})
SLOW = sorted(set(TARGETS) - set(QUICK))


def why(one: Attacked, keep: Path) -> str:
    return "\n".join(path.read_text()[:3000] for path in sorted((keep / one.target / "found").glob("*.txt")))


@pytest.mark.parametrize("target", QUICK)
def test_a_few_damaged_files_of_each_kind_do_no_harm(target: str, tmp_path: Path) -> None:
    one = attacked(target, tmp_path, seconds=60, executions=40, plain=True)
    assert one.found == (), why(one, tmp_path)
    assert one.executions == 40


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_many_damaged_files_of_each_kind_do_no_harm(target: str, tmp_path: Path) -> None:
    one = attacked(target, tmp_path, seconds=30, seed=1, plain=True)
    assert one.found == (), why(one, tmp_path)
    assert one.executions > 100


def test_the_same_seed_damages_alike() -> None:
    content = b'{"format": "a", "n": [1, 2, {"deep": null}]}'
    first = [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert first == [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert len(set(first)) > 150
