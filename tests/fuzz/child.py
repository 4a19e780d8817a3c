"""One process that reads damaged files, one after the other, until its time is over or a file ends it.

Whoever started it watches: what is being read lies in `current`, and how much was read in `executions`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_HERE = Path(__file__).resolve().parent
MEMORY = 2**29
"""Bytes that reading one file may take; the limits on what a file may promise are set accordingly."""
_LIMITS = {"PIXELS": 2**20, "VOXELS": 2**20, "BYTES": 2**24, "IMAGES": 2**16, "CHANNELS": 2**8, "NESTING": 16}
_LARGEST_FILE = 2**26
_LARGEST_INPUT = 2**18
_INSTRUMENTED = [
    f"doppelscan.{room}" for room in ("images", "imagesets", "store", "findings", "release", "studies")
]
_INSTRUMENTED += ["pydicom", "PIL", "nibabel"]


@dataclass(frozen=True)
class Workplace:
    """Sound files of a target in `folder`, one of which is damaged at a time."""

    target: Any
    folder: Path
    sound: dict[str, bytes]
    clock: Iterator[int]

    @staticmethod
    def of(target: Any, folder: Path) -> Workplace:
        """A workplace in an empty folder."""
        target.make(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sound = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        return Workplace(target, folder, sound, itertools.count(10**18, 10**9))

    def read(self, damaged: dict[str, bytes]) -> None:
        """Read the folder with these files in place of the sound ones."""
        for name, content in damaged.items():
            self._put(name, content)
        try:
            for name in damaged:
                self.target.read(self.folder, name)
        finally:
            for name in damaged:
                self._put(name, self.sound[name]) if name in self.sound else (self.folder / name).unlink()

    def _put(self, name: str, content: bytes) -> None:
        """Write a file whose time is that of no other, so that nothing that was kept of an earlier one counts."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        now = next(self.clock)
        os.utime(path, ns=(now, now))


@dataclass(frozen=True)
class Bench:
    """Where one target is attacked, who judges, and where what is found is kept."""

    place: Workplace
    judge: Any
    keep: Path
    scratch: Path
    counted: Iterator[int]

    def attack(self, name: str, content: bytes) -> None:
        """Read one damaged file and keep it if that is a finding, once for each kind of finding."""
        (self.keep / "current").write_bytes(_joined(name, content))
        finding = self.judge(lambda: self.place.read({name: content}))
        if finding is not None:
            self._keep(finding, name, content)
        done = next(self.counted)
        if done % 20 == 0:
            (self.keep / "executions").write_text(str(done))
        if done % 500 == 0:
            shutil.rmtree(self.scratch / "cache", ignore_errors=True)

    def _keep(self, finding: Any, name: str, content: bytes) -> None:
        title = f"{finding.kind}-{hashlib.sha256(finding.what.encode()).hexdigest()[:8]}"
        place = self.keep / "found" / title / name
        if not place.exists() or len(content) < place.stat().st_size:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            (self.keep / "found" / f"{title}.txt").write_text(f"{finding.what}\n\n{finding.trace}\n")


def main() -> None:
    """Attack the targets, one after the other."""
    asked = _arguments()
    memory = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
    scratch = Path(tempfile.mkdtemp(prefix="doppelscan-fuzz-", dir=memory if os.path.isdir(memory) else None))  # noqa: PTH112
    try:
        _attack(asked, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _attack(asked: argparse.Namespace, scratch: Path) -> None:
    os.environ |= {"DOPPELSCAN_CACHE": str(scratch / "cache"), "OMP_NUM_THREADS": "1", "TMPDIR": str(scratch)}
    tempfile.tempdir = str(scratch)
    guide = _guide() if asked.guided else None
    with guide.instrument_imports(include=_INSTRUMENTED) if guide else contextlib.nullcontext():
        from fuzz.judging import Judge, confined

        places = {target: _place(target, scratch / "work" / target) for target in asked.targets}
    judge = Judge(scratch, MEMORY)
    with confined(4 * MEMORY, _LARGEST_FILE):
        for target, place in places.items():
            keep = asked.keep / target
            keep.mkdir(parents=True, exist_ok=True)
            bench = Bench(place, judge, keep, scratch, itertools.count(1))
            for name, content in _known(target):
                bench.attack(name, content)
            _guided(guide, bench, asked) if guide else _blindly(bench, asked)


def _place(target: str, folder: Path) -> Workplace:
    """The sound files, read once: what is imported on the way is imported before anybody watches."""
    from doppelscan.errors import DoppelscanError
    from fuzz.targets import TARGETS

    folder.mkdir(parents=True)
    place = Workplace.of(TARGETS[target], folder)
    os.environ |= {f"DOPPELSCAN_MAX_{name}": str(limit) for name, limit in _LIMITS.items()}
    for name, content in place.sound.items():
        with contextlib.suppress(DoppelscanError):  # of DICOM, some are refused as they are
            place.read({name: content})
    return place


def _known(target: str) -> Iterator[tuple[str, bytes]]:
    """Files that did harm once: all that was ever found and mended."""
    cases = _HERE / "found" / target
    for path in sorted(path for path in cases.rglob("*") if path.is_file()):
        yield "/".join(path.relative_to(cases).parts[1:]), path.read_bytes()


def _blindly(bench: Bench, asked: argparse.Namespace) -> None:
    """Damage sound files at random."""
    from fuzz.mutations import mutated

    chance, until = random.Random(asked.seed), time.monotonic() + asked.seconds  # noqa: S311
    names = list(bench.place.sound)
    for _ in range(asked.executions) if asked.executions else itertools.count():
        if time.monotonic() > until:
            break
        name, other = chance.choice(names), chance.choice(names)
        content = mutated(bench.place.sound[name], bench.place.sound[other], name, chance.getrandbits(32))
        bench.attack(name, content[:_LARGEST_INPUT])
    (bench.keep / "executions").write_text(str(next(bench.counted) - 1))


def _guided(guide: Any, bench: Bench, asked: argparse.Namespace) -> None:
    """Damage what has led to code that was not reached before; the corpus stays for the next time."""
    from fuzz.mutations import mutated

    corpus = bench.keep / "corpus"
    corpus.mkdir(exist_ok=True)
    for name, content in bench.place.sound.items():
        (corpus / hashlib.sha256(name.encode()).hexdigest()[:16]).write_bytes(_joined(name, content))
    sound = list(bench.place.sound.values())

    def read(data: bytes) -> None:
        name, content = _split(data)
        if name in bench.place.sound:
            bench.attack(name, content)

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        name, content = _split(data)
        if seed % 3:
            content = mutated(content, sound[seed % len(sound)], name, seed)
        else:
            content = guide.Mutate(content or b"\0", largest)
        return _joined(name, content)[:largest]

    options = [
        f"-max_total_time={int(asked.seconds)}",
        f"-seed={asked.seed + 1}",
        f"-max_len={_LARGEST_INPUT}",
    ]
    options += ["-timeout=0", "-rss_limit_mb=0", "-malloc_limit_mb=0", "-verbosity=0", "-len_control=0"]
    guide.Setup([sys.argv[0], str(corpus), *options], read, custom_mutator=mutate)
    guide.Fuzz()


def _guide() -> ModuleType | None:
    """The fuzzer that is led by coverage, where it is installed."""
    try:
        import atheris
    except ImportError:
        return None
    found: ModuleType = atheris
    return found


def _joined(name: str, content: bytes) -> bytes:
    return name.encode() + b"\n" + content


def _split(data: bytes) -> tuple[str, bytes]:
    name, _, content = data.partition(b"\n")
    return name.decode("utf-8", "replace"), content


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--executions", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.path.insert(0, str(_HERE.parent))
    main()
