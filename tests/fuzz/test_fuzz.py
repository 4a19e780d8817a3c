"""Files of strangers are read or refused: whatever is damaged, nothing else comes of it. `run.py` goes on for hours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fuzz import run
from fuzz.mutations import mutated
from fuzz.run import attacked
from fuzz.targets import TARGETS

HERE = Path(__file__).parent
PATHS = os.pathsep.join([str(HERE.parents[1] / "src"), str(HERE.parent)])
SLOW = {"model", "plan", "release", "run"}
QUICK = sorted(set(TARGETS) - SLOW)
EACH = 8


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is found by a few damaged files of each kind, and by all that did harm once, in a process of its own."""
    keep = tmp_path_factory.mktemp("kept")
    command = [sys.executable, str(HERE / "child.py"), *QUICK, f"--keep={keep}", f"--executions={EACH}"]
    environment = os.environ | {"PYTHONPATH": PATHS}
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


HARMS = {
    "error": "raise KeyError(7)",
    "memory": "bytearray(2**27).decode()",
    "escape": "Path(sys.argv[2], 'elsewhere').write_text('x')",
    "escape by a link": "Path(sys.argv[2], 'link').symlink_to(scratch)",
    "none: a tree of its own is removed": "(scratch / 'own/a').mkdir(parents=True); shutil.rmtree(scratch / 'own')",
    "escape by a program": "subprocess.run(['true'])",
    "escape by pickle": "pickle.loads(pickle.dumps(Path('x')))",
    "none": "raise InputError(Problem('a'))",
}
PROGRAM = """
import itertools, pickle, shutil, subprocess, sys
from pathlib import Path
from doppelscan.errors import InputError, Problem
from fuzz.child import Bench, Workplace
from fuzz.judging import Judge
from fuzz.targets import Target

scratch = Path(sys.argv[1])
work = scratch / "work"
work.mkdir(parents=True)
judge = Judge(scratch, 2**26)
for number, harm in enumerate(sys.argv[3:]):
    place = Workplace.of(Target(lambda folder: (folder / "a").write_text("sound"), lambda *_: exec(harm)), work)
    keep = Path(sys.argv[2]) / f"kept-{number}"
    keep.mkdir()
    Bench(place, judge, keep, scratch, itertools.count(1)).attack("a", b"damaged")
"""


def test_an_attack_finds_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "scratch"), str(tmp_path), *HARMS.values()]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": PATHS}, check=True, timeout=120)
    for number, kind in enumerate(HARMS):
        told = [
            path.read_text()
            for path in (tmp_path / f"kept-{number}" / "found").glob(f"{kind.partition(' ')[0]}*.txt")
        ]
        assert len(list((tmp_path / f"kept-{number}").glob("found/*.txt"))) == len(told), kind
        assert len(told) == (not kind.startswith("none")), kind


def test_a_process_that_works_over_one_file_is_stopped_and_one_that_waits_its_turn_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_HANG", 0.5)
    (tmp_path / "current").write_text("being read")
    codes = {"works": "while True: pass", "waits": "import time; time.sleep(600)"}
    children = {name: subprocess.Popen([sys.executable, "-c", code]) for name, code in codes.items()}
    try:
        patience = {name: run._Patience(child.pid, tmp_path / "current") for name, child in children.items()}
        waiting, end = [False], time.monotonic() + 120
        while not patience["works"].is_over() and time.monotonic() < end:
            time.sleep(0.1)
            waiting.append(patience["waits"].is_over())
        assert time.monotonic() < end
        assert not any(waiting)
    finally:
        for child in children.values():
            child.kill()
            child.wait()


def test_the_same_seed_damages_alike() -> None:
    content = b'{"format": "a", "n": [1, 2, {"deep": null}]}'
    first = [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert first == [mutated(content, content[::-1], "a.json", seed) for seed in range(300)]
    assert len(set(first)) > 150
