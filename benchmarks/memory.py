"""How much memory does a command take, held against the --memory that it was given? Summed over all its processes.

What is summed is the resident memory (RSS) of every process of the command's group, four times a second; pages of
libraries count in full, and for each process that has them. The budget is for all that the command takes; its floor,
the interpreter, torch and what they load, is measured by the same command with few images and the same budget.

Run: `python benchmarks/memory.py "audit --method pearson"`; minutes to an hour, a gigabyte of disk.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from doppelscan.imagesets import ImageSet, save
from doppelscan.seeds import stream
from doppelscan.settings import parse_memory
from stopwatch import company, processor

RESULTS = Path(__file__).parent / "results"
FEW = 100
GIVEN = {
    "audit": "--train train --synthetic synthetic --holdout holdout --out run",
    "dedupe": "train",
    "membership": "--train train --synthetic synthetic --holdout holdout --out run",
    "power": "--train train --holdout holdout --out run",
    "prepare": "train --out run",
    "quality": "--real train --synthetic synthetic --holdout holdout --out run",
    "train": "--images train --out run",
    "utility": "--real train --synthetic synthetic --test holdout --out run",
}
"""The sets and the folder that each command is given."""


@dataclass(frozen=True)
class Sizes:
    """Images in each set, and pixels along a side."""

    train: int
    synthetic: int
    holdout: int
    side: int

    def __str__(self) -> str:
        return f"{self.train:,} + {self.synthetic:,} + {self.holdout:,} of {self.side} px"


def main() -> None:
    """Measure the floor and the whole, and add a line to the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("command", nargs="?", default="audit --method pearson", help="with its options")
    parser.add_argument("--train", type=int, default=40_000)
    parser.add_argument("--synthetic", type=int, default=10_000)
    parser.add_argument("--holdout", type=int, default=2_000)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    sizes = Sizes(chosen.train, chosen.synthetic, chosen.holdout, chosen.side)
    few = Sizes(FEW, FEW, FEW, chosen.side)
    floor, whole = (_peak(one, chosen.command, chosen.memory, chosen.workers) for one in (few, sizes))
    budget = parse_memory(chosen.memory)
    row = (
        f"| {chosen.command} | {sizes} | {chosen.memory} | {chosen.workers} | {floor / 2**20:,.0f} "
        f"| {whole / 2**20:,.0f} | {whole / budget:.0%} | {(whole - floor) / budget:.0%} |\n"
    )
    print(row)
    _add(row)


def _peak(sizes: Sizes, command: str, memory: str, workers: int) -> int:
    """Bytes at most, while the command works on sets of these sizes."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("train", "synthetic", "holdout"):
            made = [sys.executable, __file__, "--make", str(Path(folder) / name), name]
            subprocess.run([*made, str(getattr(sizes, name)), str(sizes.side)], check=True)  # noqa: S603 - ourselves
        given = f"{GIVEN[command.split(maxsplit=1)[0]]} --memory {memory} --workers {workers}"
        words = [sys.executable, "-m", "doppelscan", *shlex.split(f"{command} {given}")]
        own = os.environ | {"DOPPELSCAN_CACHE": str(Path(folder) / "cache")}
        child = subprocess.Popen(  # noqa: S603
            words, cwd=folder, env=own, start_new_session=True, stdout=subprocess.DEVNULL
        )
        peak = 0
        try:
            while child.poll() is None:
                peak = max(peak, sum(_shares(child.pid)))
                time.sleep(0.25)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        assert child.returncode == 0, f"{command} failed"
        print(f"{command}, {sizes}: {peak / 2**20:,.0f} MB at most; {company()}", flush=True)
    return peak


def _shares(session: int) -> Iterator[int]:
    """Bytes of each process of a session."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if os.getsid(int(entry.name)) == session:
                said = (entry / "smaps_rollup").read_text()
                yield 1024 * sum(
                    int(line.split()[1]) for line in said.splitlines() if line.startswith("Rss:")
                )


def make(folder: Path, name: str, n: int, side: int) -> None:
    """Write a set of noise, which nothing can pack, of two classes that are alike."""
    chance = stream(0, "memory", name)
    pixels = np.empty((n, 1, side, side), np.uint8)
    for image in pixels:
        image[:] = chance.integers(0, 256, image.shape, dtype=np.uint8)
    table = pd.DataFrame({"label": np.resize(["one", "other"], n)})
    save(ImageSet.from_arrays(pixels, table), folder)


def _add(row: str) -> None:
    path = RESULTS / "memory.md"
    if not path.exists():
        head = (__doc__ or "").partition("\n\nRun:")[0]
        title, _, about = head.partition("\n\n")
        columns = (
            "| command | train + synthetic + held out | --memory | workers | floor, MB | peak, MB | peak / budget "
            "| above the floor / budget |"
        )
        path.write_text(
            f"# {title}\n\n{about}\n\n{processor()}.\n\n{columns}\n|---|---|---|---|---|---|---|---|\n"
        )
    with path.open("a") as file:
        file.write(row)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
