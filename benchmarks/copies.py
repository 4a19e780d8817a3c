"""Which copies does each method find? Transformed and partial copies, planted in real images split by patient.

Training images of many patients are changed as `doppelscan.images` lists it: these are the copies. The
same changes of images of other patients, whom no method has seen, set one threshold for each list of changes. Each cell
holds the share of copies found at 1% and at 5% of false alarms (by patient), the area under the curve, and the share
of copies whose source is named. A second table, as CSV, has every number with its interval.

Run: `python benchmarks/copies.py --sets films --planted 300 --part report`. To add a method, see copying/methods.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from copying.methods import METHODS
from copying.sets import DATA, SETS, Cohort, cohort
from doppelscan.estimates import Estimate
from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.images.transforms import HARD, STANDARD, Transform
from doppelscan.seeds import stream
from doppelscan.statistics import auc, clustered, sensitivity_at

LISTS: dict[str, Sequence[Transform | PartialCopy]] = {"standard": STANDARD, "hard": HARD, "parts": PARTS}
ALL = "all"


@dataclass(frozen=True, eq=False)
class Planted:
    """The queries of one list: changed images, whether they are copies, of whom, of which training image."""

    pixels: np.ndarray
    change: np.ndarray
    copy: np.ndarray
    patient: np.ndarray
    source: np.ndarray


def main() -> None:
    """Plant, score and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--lists", nargs="*", choices=list(LISTS), default=list(LISTS))
    parser.add_argument("--methods", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--part", choices=["tune", "report"], default="tune")
    parser.add_argument("--planted", type=int, default=100, help="images of each kind that are changed")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    for name in a.sets:
        images = cohort(name, a.part, a.data)
        rows = [
            row
            for listed in a.lists
            for row in measured(images, planted(images, LISTS[listed], a.planted), listed, a.methods)
        ]
        write(pd.DataFrame(rows), images, f"{name}, part {a.part}", a.out / f"copies-{name}-{a.part}")


def planted(images: Cohort, changes: Sequence[Transform | PartialCopy], n: int) -> Planted:
    """Every change of n training images and n held-out ones; the latter also lend what is mixed in."""
    own, other = drawn(images.train_patient, n), drawn(images.held_patient, n)
    lent = np.resize(other, len(own)), np.roll(other, 1)
    jobs = [
        (change, arm, int(i), int(j))
        for change in changes
        for arm, positions in enumerate((own, other))
        for i, j in zip(positions, lent[arm], strict=True)
    ]

    def one(job: tuple[Transform | PartialCopy, int, int, int]) -> np.ndarray:
        change, arm, i, j = job
        rng = stream(0, "benchmark", change.name, arm, i)
        return altered(change, (images.train, images.held)[arm][i], images.held[j], rng)

    with ThreadPoolExecutor() as pool:
        pixels = np.stack(list(pool.map(one, jobs)))
    names, arms, positions, _ = (np.array(column) for column in zip(*jobs, strict=True))
    copy = arms == 0
    names = np.array([change.name for change in names], dtype=object)
    patient = [(images.train_patient, images.held_patient)[arm][i] for _, arm, i, _ in jobs]
    return Planted(pixels, names, copy, np.array(patient), np.where(copy, positions, -1))


def altered(
    change: Transform | PartialCopy, image: np.ndarray, other: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    if isinstance(change, PartialCopy):
        return change(image, other, rng).pixels
    return change(image, rng, other=other)


def drawn(patient: np.ndarray, n: int) -> np.ndarray:
    """The positions of n images, of as many patients as there are, always the same."""
    order = stream(0, "sources").permutation(len(patient))
    visit = pd.Series(order).groupby(patient[order]).cumcount()
    return order[np.argsort(visit, kind="stable")][:n]


def measured(
    images: Cohort, queries: Planted, listed: str, methods: Sequence[str]
) -> list[dict[str, object]]:
    """A row for each method and change, and for all changes of the list."""
    rows: list[dict[str, object]] = []
    for name in methods:
        start = time.perf_counter()
        score, best = METHODS[name](images.train, images.train_patient, queries.pixels)
        seconds = time.perf_counter() - start
        named = named_rightly(images.train, best, queries)
        print(f"{listed}: {name}, {len(score)} queries, {seconds:.1f} s", flush=True)
        for change in (*dict.fromkeys(queries.change), ALL):
            row = {"list": listed, "change": change, "method": name, "seconds": seconds}
            rows.append(row | estimates(queries, score.astype(np.float64), named, change))
    return rows


def named_rightly(train: np.ndarray, best: np.ndarray, queries: Planted) -> np.ndarray:
    """Whether the best match is the source, or has the very same pixels."""
    pairs = zip(best, queries.source, strict=True)
    return np.array([s >= 0 and (b == s or np.array_equal(train[b], train[s])) for b, s in pairs])


def estimates(queries: Planted, score: np.ndarray, named: np.ndarray, change: str) -> dict[str, Estimate]:
    """Of the copies of one change against all that are no copies."""
    mine = queries.copy & ((queries.change == change) | (change == ALL))
    kept = mine | ~queries.copy
    columns = score[kept], queries.copy[kept], queries.patient[kept]
    return {
        "at 1%": sensitivity_at(*columns, 0.01, n_draws=300),
        "at 5%": sensitivity_at(*columns, 0.05, n_draws=300),
        "AUC": auc(*columns),
        "named": clustered(named[mine], queries.patient[mine]),
    }


def write(rows: pd.DataFrame, images: Cohort, title: str, path: Path) -> None:
    """The Markdown table, a column a method, and all estimates as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.with_name(path.name.replace(" ", "-"))
    n_train, n_held = len(images.train), len(images.held)
    head = f"{title}: {n_train} training images {images.train.shape[1:]}, {n_held} of other patients.\n"
    key = "Found at 1% / at 5% of false alarms / AUC / named; in the last row with the interval at 1%.\n"
    text = "\n".join([head, key, *(table(part) for _, part in rows.groupby("list", sort=False))])
    path.with_suffix(".md").write_text(text)
    flat = rows.drop(columns=MEASURES).assign(
        **{
            f"{name}, {end}": [getattr(e, end) for e in rows[name]]
            for name in MEASURES
            for end in ("value", "low", "high", "n")
        }
    )
    flat.round(4).to_csv(path.with_suffix(".csv"), index=False)
    print(text)


MEASURES = ["at 1%", "at 5%", "AUC", "named"]


def table(rows: pd.DataFrame) -> str:
    """One list: a line a change, a column a method."""
    methods, changes = (list(dict.fromkeys(rows[name])) for name in ("method", "change"))
    cells = {(row["change"], row["method"]): cell(row) for _, row in rows.iterrows()}
    seconds = rows.groupby("method")["seconds"].first()
    lines = [[rows["list"].iloc[0], *methods], ["---"] * (1 + len(methods))]
    lines += [[change, *(cells[change, method] for method in methods)] for change in changes]
    lines += [["seconds", *(f"{seconds[method]:.1f}" for method in methods)]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cell(row: pd.Series) -> str:
    values = " / ".join(
        f"{row[name].value:.3f}" if name == "AUC" else f"{row[name].value:.2f}" for name in MEASURES
    )
    at = row["at 1%"]
    return f"{values} ({at.low:.2f} to {at.high:.2f})" if row["change"] == ALL else values


if __name__ == "__main__":
    main()
