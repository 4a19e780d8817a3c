"""How much faster is the grid than training each cell by itself? Linear probe, the same results.

Naively, every cell makes the vectors of its own images and of the test set, then fits; the grid makes each picture's
vector once. Both run on one core in one process, one after the other, with an empty cache.

Run: `python benchmarks/utility.py`; writes `benchmarks/results/utility.md`.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.phantoms import skin
from doppelscan.utility import Augmented, Duplicated, Given, UtilitySettings
from doppelscan.utility.cells import Probe, told_by
from doppelscan.utility.eyes import RandomConvolutions
from doppelscan.utility.features import Features
from doppelscan.utility.grid import Grid

CLASSES = ("melanoma", "nevus", "psoriasis")
SETTINGS = UtilitySettings(
    real_per_class=(8, 32), synthetic_per_real=(1, 2, 5, 10), n_seeds=2, synthetic_alone=False
)
SIZE = 64


class Naive(Features):
    """The same encoder, that remembers nothing from one cell to the next."""

    def of(self, images: ImageSet) -> np.ndarray:
        """The vector of each image, made again."""
        return self.encoder.vectors(images.read(0, len(images)))


def lesions(n: int, first: int) -> ImageSet:
    """Phantoms of three classes."""
    made = skin(n, size=SIZE, first_patient=first, classes=CLASSES)
    return ImageSet.from_arrays(made.pixels, made.table)


def encoder() -> RandomConvolutions:
    """The default encoder of the probe."""
    return RandomConvolutions((0.0, 255.0), SIZE, 3, 2)


def timed(grid: Grid, *, alone: bool) -> tuple[float, list[np.ndarray]]:
    """CPU seconds, and what each cell said; `alone`: only cells count, each encodes its images."""
    begun, told, own = time.process_time(), [], 0.0
    for job in grid:
        start = time.process_time()
        if alone:
            encoded_again(job.real.features, job.added.features, job.asked)
        told.append(told_by(job)[0])
        own += time.process_time() - start
    return own if alone else time.process_time() - begun, told


PICTURES = np.zeros((1, 3, SIZE, SIZE), np.uint8)


def encoded_again(*sets: np.ndarray) -> None:
    """What a cell by itself pays for its vectors: as many pictures as it has rows."""
    for rows in sets:
        if len(rows):
            encoder().vectors(np.repeat(PICTURES, len(rows), axis=0))


def main() -> None:
    """Time both and write the table."""
    sets = {
        name: lesions(n, first)
        for name, n, first in (("real", 120, 0), ("test", 300, 1000), ("made", 960, 2000))
    }
    found = {}
    for name, alone in (("grid", False), ("each cell by itself", True)):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["DOPPELSCAN_CACHE"] = cache
            makers = [Duplicated(), Augmented(), Given(sets["made"])]
            view = Naive(encoder()) if alone else Features(encoder())
            grid = Grid(sets["real"], sets["test"], makers, CLASSES, SETTINGS, Probe(), view)
            found[name] = timed(grid, alone=alone)
    (ours, told), (theirs, again) = found.values()
    off = max(float(np.abs(a - b).max()) for a, b in zip(told, again, strict=True))
    lines = [
        "# The grid of utility against each cell by itself",
        "",
        f"{len(told)} cells, linear probe on random convolutions, {SIZE} px, 300 test images; CPU seconds.",
        "",
        "| | CPU s |",
        "|---|---|",
        *(f"| {name} | {seconds:.1f} |" for name, (seconds, _) in found.items()),
        f"| ratio | **{theirs / ours:.1f}** |",
        "",
        f"Largest difference between the probabilities of any cell: {off:.1g}.",
    ]
    path = Path(__file__).parent / "results/utility.md"
    path.write_text("\n".join(lines) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
