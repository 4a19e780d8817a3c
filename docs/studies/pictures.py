"""The nearest matches of some cells of a study, as one picture.

    python docs/studies/pictures.py STUDY OUT.png CELL [CELL ...]

Two rows for each cell, named as its folder begins: samples, and below each the training image that its audit matches
it with; from the most suspicious sample on the left to the least on the right, at even ranks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from doppelscan.findings import read_run
from doppelscan.images.montage import Shown, picture, png, sheet
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.store import write_bytes

COLUMNS, ENLARGED, GAP = 12, 2, 6


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("cells", nargs="+")
    chosen = parser.parse_args()
    bands = [band(next((chosen.study / "cells").glob(f"{cell}*"))) for cell in chosen.cells]
    gap = np.full((GAP, *bands[0].shape[1:]), 255, np.uint8)
    write_bytes(chosen.out, png(np.concatenate(list(_joined(bands, gap)))))


def band(cell: Path) -> Shown:
    """Both rows of one cell."""
    run = read_run(cell / "audit")
    best = run.matches[run.matches["rank"] == 1].sort_values("statistic", ascending=False)
    shown = best.iloc[np.linspace(0, len(best) - 1, COLUMNS).round().astype(int)]
    train = open_images(_where(cell, "train"))
    return np.concatenate(
        [
            _row(open_images(cell / "samples"), shown["synthetic_id"]),
            _row(train, shown["train_id"]),
        ]
    )


def _where(cell: Path, part: str) -> Path:
    """The folder that the audit's record names."""
    return Path(json.loads((cell / "audit" / "run.json").read_text())["sets"][part]["path"])


def _row(images: ImageSet, ids: object) -> Shown:
    found = [images[int(at)].pixels for at in images.positions(list(ids))]  # type: ignore[call-overload]
    large = [np.kron(pixels, np.ones((1, ENLARGED, ENLARGED), pixels.dtype)) for pixels in found]
    return sheet([picture(pixels) for pixels in large], COLUMNS)


def _joined(bands: list[Shown], gap: Shown) -> Iterator[Shown]:
    for number, one in enumerate(bands):
        if number:
            yield gap
        yield one


if __name__ == "__main__":
    main()
