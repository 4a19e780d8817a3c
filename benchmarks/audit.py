"""How much longer than decoding its files does a whole audit take? `audit --method pearson` against a bare decoder.

Both read the same PNG files with the same number of processes; the audit begins with an empty cache and ends with
its run written. Run: `python benchmarks/audit.py --train 10000 --synthetic 2500`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import PIL.Image

from doppelscan.settings import cores
from realimages import DATA
from search import changed, films
from stopwatch import Timed, company, processor, ratios, timed

COMMAND = "from doppelscan.cli import main; main()"
PER_PATIENT = 2  # films of each patient, as in the set that they are made from


def main() -> None:
    """Write the files, time both in turn, and add a row to the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=10_000)
    parser.add_argument("--synthetic", type=int, default=2_500)
    parser.add_argument("--holdout", type=int, default=0)
    parser.add_argument("--side", type=int, default=224, help="pixels of the files' sides")
    parser.add_argument("--size", type=int, help="what the audit brings them to")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--files", type=Path, help="where the files are kept from one run to the next")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = a.files or Path(scratch) / "files"
        sets = {"train": a.train, "synthetic": a.synthetic, "holdout": a.holdout}
        sets = {name: n for name, n in sets.items() if n}
        write_films(folder, sets, a.data, a.side)
        files = [file for name in sets for file in sorted((folder / name).glob("*.png"))]
        decoding: list[Timed[None]] = []
        auditing: list[Timed[None]] = []
        for _ in range(a.repeats):
            decoding.append(timed(lambda: decode(files, a.workers)))
            auditing.append(timed(lambda: audit(folder, sets, Path(scratch), a.workers, a.size)))
            print(f"decoding {decoding[-1].seconds:.1f} s, audit {auditing[-1].seconds:.1f} s", end="; ")
            print("{:.2f}x, {:.2f}x of processors".format(*ratios(auditing[-1:], decoding[-1:])), end="; ")
            print(company(), flush=True)
    shape = " + ".join(f"{n:,} {name}" for name, n in sets.items())
    shape += f", {a.side} px" + (f" brought to {a.size}" if a.size else "")
    write(shape, decoding, auditing, a.out / f"audit-{processor()}.md")


def write_films(folder: Path, sets: dict[str, int], data: Path, side: int) -> None:
    """The sets as PNG files: each film in turn, changed anew each time; no patient is in two sets."""
    if folder.exists():
        return
    some, others = films(data, 224)
    sources = {"train": others[: len(others) // 2], "synthetic": others[len(others) // 2 :], "holdout": some}
    for name, n in sets.items():
        (folder / name).mkdir(parents=True)
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            list(pool.map(write_film, film_tasks(folder / name, sources[name], n, side), chunksize=50))
        rows = [{"file": f"{i:06d}.png", "patient": f"{name}{i // PER_PATIENT}"} for i in range(n)]
        pd.DataFrame(rows).to_csv(folder / name / "images.csv", index=False)


def film_tasks(
    folder: Path, films: np.ndarray, n: int, side: int
) -> Iterator[tuple[Path, np.ndarray, int, int]]:
    return ((folder / f"{i:06d}.png", films[i % len(films)], i, side) for i in range(n))


def write_film(task: tuple[Path, np.ndarray, int, int]) -> None:
    path, film, i, side = task
    film = changed(film, i, path.parent.name)[0]
    cv2.imwrite(str(path), cv2.resize(film, (side, side), interpolation=cv2.INTER_CUBIC))


def decode(files: list[Path], workers: int) -> None:
    """Every file to an array, and no more; forked processes, which start at once."""
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        list(pool.map(decode_file, files, chunksize=64))


def decode_file(path: Path) -> None:
    with PIL.Image.open(path) as picture:
        np.asarray(picture)


def audit(folder: Path, sets: dict[str, int], scratch: Path, workers: int, size: int | None) -> None:
    """The command as a user gives it, in a process of its own, its cache empty."""
    for leftover in ("cache", "run"):
        shutil.rmtree(scratch / leftover, ignore_errors=True)
    options = [option for name in sets for option in (f"--{name}", str(folder / name))]
    options += ["--method", "pearson"] + (["--size", str(size)] if size else [])
    command = [sys.executable, "-c", COMMAND, "audit", *options, "--workers", str(workers)]
    environment = os.environ | {"DOPPELSCAN_CACHE": str(scratch / "cache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is there as bytecode
    subprocess.run(  # noqa: S603
        [*command, "--out", str(scratch / "run")], env=environment, check=True, capture_output=True
    )


def write(shape: str, decoding: list[Timed[None]], auditing: list[Timed[None]], path: Path) -> None:
    """Print the medians over the runs and add them to the file; ratios are medians of ratios within a run."""
    medians = [np.median([run.seconds for run in runs]) for runs in (decoding, auditing)]
    cells = [f"{shape}; median of {len(decoding)}; {company()}", *(f"{median:.1f}" for median in medians)]
    cells += [f"{ratio:.2f}" for ratio in ratios(auditing, decoding)]
    row = "| " + " | ".join(cells) + " |"
    print(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        head = ["files", "decoding, s", "whole audit, s", "ratio", "ratio of processors' seconds"]
        path.write_text(f"| {' | '.join(head)} |\n| {' | '.join(['---'] * len(head))} |\n")
    with path.open("a") as file:
        file.write(row + "\n")


if __name__ == "__main__":
    main()
