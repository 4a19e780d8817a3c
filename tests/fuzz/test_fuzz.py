"""Files of strangers are read or refused: whatever is damaged, nothing else comes of it. `run.py` goes on for hours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.mutations import mutated
from fuzz.run import attacked
from fuzz.targets import TARGETS

HERE = Path(__file__).parent
SLOW = {"model", "release", "run"}
QUICK = sorted(set(TARGETS) - SLOW)
EACH = 25


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is found by a few damaged files of each kind, and by all that did harm once, in a process of its own."""
    keep = tmp_path_factory.mktemp("kept")
    paths = os.pathsep.join([str(HERE.parents[1] / "src"), str(HERE.parent)])
    command = [sys.executable, str(HERE / "child.py"), *QUICK, f"--keep={keep}", f"--executions={EACH}"]
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return keep


def why(keep: Path, target: str) -> str:
    return "\n".join(path.read_text()[:3000] for path in sorted((keep / target / "found").glob("*.txt")))


@pytest.mark.parametrize("target", QUICK)
def test_a_few_damaged_files_of_each_kind_and_those_that_did_harm_once_do_none(
    target: str, kept: Path
) -> None:
    known = [path for path in (HERE / "found" / target).rglob("*") if path.is_file()]
    assert why(kept, target) == ""
    assert int((kept / target / "executions").read_text()) == EACH + len(known)


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_many_damaged_files_of_each_kind_do_no_harm(target: str, tmp_path: Path) -> None:
    one = attacked(target, tmp_path, seconds=20, seed=1, plain=True)
    assert one.found == (), why(tmp_path, target)
    assert one.executions > 20


def test_an_attack_finds_what_is_wrong(tmp_path: Path) -> None:
    for harm, kind in HARMS.items():
        keep = tmp_path / kind
        command = [sys.executable, "-c", PROGRAM.format(harm=harm), str(keep), str(tmp_path)]
        paths = os.pathsep.join([str(HERE.parents[1] / "src"), str(HERE.parent)])
        subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=True, timeout=120)
        assert [path.name.partition("-")[0] for path in (keep / "found").glob("*.txt")] == [
            kind.partition("-")[0]
        ], harm


HARMS = {
    "raise KeyError(7)": "error",
    "bytearray(2**27).decode()": "memory",
    "Path(sys.argv[2], 'elsewhere').write_text('x')": "escape",
    "subprocess.run(['true'])": "escape-by-program",
}
PROGRAM = """
import itertools, subprocess, sys
from pathlib import Path
from fuzz.child import Bench, Workplace
from fuzz.judging import Judge
from fuzz.targets import Target

keep = Path(sys.argv[1])
work = keep / "work"
work.mkdir(parents=True)

def harm(folder, name):
    {harm}

target = Target(lambda folder: (folder / "a").write_text("sound"), harm)
bench = Bench(Workplace.of(target, work), Judge(keep, 2**26), keep, keep, itertools.count(1))
bench.attack("a", b"damaged")
"""


def test_the_same_seed_damages_alike() -> None:
    content = b'{"format": "a", "n": [1, 2, {"deep": null}]}'
    first = [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert first == [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert len(set(first)) > 150
