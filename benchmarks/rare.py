"""Copies that `registered` finds where no more than one false alarm in a thousand is allowed.

That takes thousands of negatives, each another image. So the images are cut into thirds by patient, and the thirds
take turns: one is trained on, one is compared with, and the images of the last, each changed once by a change drawn
from the standard list, are negatives. So every image is a negative once, and meets only training images of other
patients. In each turn copies are planted too, every change of some training images. All turns share one threshold.

Films of three sources are taken, all at 64 pixels, since no one has enough: the part `report` of the children's films
and of those of a hospital for adults, and the films of MedNIST, whose patients are unknown. None was tuned on. Near
duplicates are removed first, as `doppelscan dedupe` finds them. The last two sources share some films, in other
windows: a film that correlates 0.99 with one that it meets shows the same, and is no negative. Other films of one
patient may be among the two: they are hard negatives.

Run: `python benchmarks/rare.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from copies import altered, drawn, named
from copying.methods import registered
from copying.sets import Cohort, part_of
from doppelscan.estimates import Estimate
from doppelscan.images.transforms import STANDARD
from doppelscan.imagesets import ImageSet
from doppelscan.search import find_duplicates, nearest
from doppelscan.seeds import stream
from doppelscan.statistics import sensitivity_at
from doppelscan.store import Cache
from realimages import DATA

SOURCES = {"films at 64": "report", "small films": "report", "films of MedNIST": "all"}  # and the part taken
SHARES = (0.001, 0.01)  # of the negatives
TWIN = 0.99  # correlation of a film with itself in another window
_VERSION = 1  # of what is scored; part of the cache's key


@dataclass(frozen=True, eq=False)
class Films:
    """Distinct films, (n, c, h, w), and a number for each one's patient."""

    pixels: np.ndarray
    patient: np.ndarray


def main() -> None:
    """Every turn, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--planted", type=int, default=40, help="training images of each turn that are copied"
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    films = distinct([part_of(name, part, a.data) for name, part in SOURCES.items()])
    rows = pd.concat([without_twins(turn, kept(turn, a.planted)) for turn in turns(films)], ignore_index=True)
    write(rows, f"`python benchmarks/rare.py --planted {a.planted}`", a.out / "rare-films-report")


def distinct(sets: list[tuple[np.ndarray, np.ndarray]]) -> Films:
    """The images of several sets, each with its patients, one of each group of duplicates."""
    pixels = np.concatenate([images for images, _ in sets])
    names = [f"{number} {who}" for number, (_, patient) in enumerate(sets) for who in patient]
    keep = find_duplicates(pixels).keep
    return Films(pixels[keep], pd.factorize(np.array(names, dtype=object)[keep])[0])


def turns(films: Films) -> Iterator[Cohort]:
    """Each third of the patients held out once, the next one compared with, the rest trained on."""
    third = stream(0, "thirds").permutation(films.patient.max() + 1)[films.patient] % 3
    for held in range(3):
        train, novel, compared = ((third == (held + by) % 3) for by in (2, 0, 1))
        yield Cohort(
            films.pixels[train],
            films.patient[train],
            films.pixels[novel],
            films.patient[novel],
            films.pixels[compared],
        )


def without_twins(turn: Cohort, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without negatives whose film is trained on, or compared with, under another name."""
    others = np.concatenate([turn.train, turn.compared])
    twin = np.zeros(len(rows), dtype=bool)
    twin[: len(turn.held)] = nearest(turn.held, others).scores[:, 0] >= TWIN
    return rows[~twin]


def kept(turn: Cohort, n_copied: int) -> pd.DataFrame:
    """The same as `scored`, from the cache where the turn was scored before."""
    key = {
        "version": _VERSION,
        "sides": [
            ImageSet.from_arrays(side).pixels.fingerprint for side in (turn.train, turn.held, turn.compared)
        ],
        "copied": n_copied,
    }
    return Cache.default().table("benchmarks", key, lambda: scored(turn, n_copied))


def scored(turn: Cohort, n_copied: int) -> pd.DataFrame:
    """Every negative, changed once, and every change of so many training images: statistic, and right or wrong."""
    start = time.perf_counter()
    chosen = stream(0, "changes of negatives").integers(len(STANDARD), size=len(turn.held))
    jobs = [(STANDARD[change], False, i) for i, change in enumerate(chosen)]
    jobs += [(change, True, int(i)) for change in STANDARD for i in drawn(turn.train_patient, n_copied)]
    pixels = np.stack([altered(turn, *job, 0)[0] for job in jobs])
    facts = pd.DataFrame(
        {
            "change": [change.name for change, _, _ in jobs],
            "copy": [copy for _, copy, _ in jobs],
            "patient": [(turn.train_patient if copy else turn.held_patient)[i] for _, copy, i in jobs],
            "source": [i if copy else -1 for _, copy, i in jobs],
        }
    )
    score, best = registered(turn, pixels)
    print(f"{len(jobs)} queries, {time.perf_counter() - start:.0f} s", flush=True)
    return facts.assign(
        score=score, named=named(turn.train, best, facts), seconds=time.perf_counter() - start
    )


def found(rows: pd.DataFrame, change: str, share: float) -> Estimate:
    """Of the copies with one change, or with any, at this share of false alarms among all negatives."""
    kept = rows[~rows["copy"] | (rows["change"] == change) | (change == "all")]
    return sensitivity_at(
        *(kept[name].to_numpy() for name in ("score", "copy", "patient")), share, n_draws=300
    )


def write(rows: pd.DataFrame, command: str, path: Path) -> None:
    """The Markdown table."""
    negatives = rows.loc[~rows["copy"], "patient"]
    about = (
        f"{', '.join(SOURCES)}: {len(negatives)} distinct films of {negatives.nunique()} patients (a film of MedNIST "
        f"counts as one) are negatives, each once; {rows['copy'].sum()} copies; "
        f"{rows['seconds'].drop_duplicates().sum():.0f} s."
    )
    head = ["| standard | found at 0.1% | found at 1% | named |", "| --- | --- | --- | --- |"]
    lines = [command, "", about, "", *head]
    changes = [*(change.name for change in STANDARD), "all"]
    for change in changes:
        mine = rows[rows["copy"] & ((rows["change"] == change) | (change == "all"))]
        rates = (found(rows, change, share) for share in SHARES)
        cells = [f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})" for rate in rates]
        lines.append("| " + " | ".join([change, *cells, f"{mine['named'].mean():.3f}"]) + " |")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
