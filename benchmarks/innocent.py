"""How often an audit flags anything where nothing can be a copy, and what it would have found.

    python benchmarks/innocent.py [--study DIR]

`fresh phantoms`: training set, holdout and synthetic images are invented patients, all of them others, anew in each
audit. `generators of other patients`: samples of the models of a study (`doppelscan study recipes/akbar.toml --scale
small`), each audited against training sets of patients whom the model never saw; audits of one model share its
samples. The rate of false discovery is 5%, so that at most about one audit in twenty may flag anything. Power
is that of `pearson`, which looks at pixels where they are: for planted copies that keep their place, and for all.
Writes `innocent.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from copying.sets import DATA
from doppelscan.audit import AuditSettings, audit
from doppelscan.findings import Findings
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.phantoms import chest
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.statistics import binomial
from doppelscan.studies import read_study
from doppelscan.studies.sources import kept, opened

IN_PLACE = ("exact", "noise", "blur", "gamma")
N_TRAIN, N_HOLDOUT, N_SYNTHETIC, SIDE = 600, 400, 200, 64
ONE = Resources(workers=1, device="cpu")


@dataclass(frozen=True)
class Seen:
    """What one audit says."""

    flagged: int
    dar: float
    in_place: float
    overall: float

    @staticmethod
    def of(findings: Findings, dar: Findings) -> Seen:
        """Its findings in a few numbers, and the copied share by the calibration of Dar et al."""
        kinds = [findings.power.by_transform[name].value for name in IN_PLACE]
        flagged = round(findings.copied.value * findings.n_synthetic)
        return Seen(flagged, dar.copied.value, sum(kinds) / len(kinds), findings.power.overall.value)


def main() -> None:
    """Every audit, then the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audits", type=int, default=50, help="of each kind")
    parser.add_argument("--study", type=Path, help="folder of a study whose models drew from films")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    chosen = parser.parse_args()
    rows = {"fresh phantoms": list(phantoms(chosen.audits))}
    if chosen.study is not None:
        rows["generators of other patients"] = list(strangers(chosen.study, chosen.data, chosen.audits))
    text = f"`python benchmarks/innocent.py --audits {chosen.audits}`\n\n{table(rows)}"
    (chosen.out / "innocent.md").write_text(text, encoding="utf-8")
    print(text)


def phantoms(n: int) -> Iterator[Seen]:
    """Audits of invented films by other invented films."""
    for seed in range(n):
        train, holdout, synthetic = (
            invented(size, seed, first)
            for first, size in ((0, N_TRAIN), (10_000, N_HOLDOUT), (20_000, N_SYNTHETIC))
        )
        yield audited(train, holdout, synthetic)


def invented(n: int, seed: int, first: int) -> ImageSet:
    """A film of each of so many patients."""
    made = chest(n, size=SIDE, seed=1000 + seed, first_patient=first)
    return ImageSet.from_arrays(made.pixels, made.table)


def strangers(study: Path, data: Path, n: int) -> Iterator[Seen]:
    """Audits of samples against patients that their generator never saw."""
    done = read_study(study)
    source = done.recipe.sources["films"]
    patients = opened(source, kept(source, data, study / "sources", resources=ONE))
    of_films = done.cells[done.cells["source"] == "films"]
    for number in range(n):
        cell = of_films.iloc[number % len(of_films)]
        saw = patients.these(
            2 * int(cell["images"]), int(cell["seed"])
        )  # those it was fitted to, or the others
        train = without(patients.pool, saw, number)
        yield audited(train, patients.held_out, open_images(study / "cells" / cell["cell"] / "samples"))


def without(pool: ImageSet, saw: ImageSet, number: int) -> ImageSet:
    """`N_TRAIN` images of patients who are not in `saw`."""
    unseen = np.flatnonzero(~pool.table["patient"].isin(set(saw.table["patient"])))
    order = stream(number, "patients never seen").permutation(unseen)
    return pool.take(order[:N_TRAIN])


def audited(train: ImageSet, holdout: ImageSet, synthetic: ImageSet) -> Seen:
    """One audit by our calibration, and one by that of Dar et al."""
    ours, dar = (
        audit(
            train=train,
            synthetic=synthetic,
            holdout=holdout,
            settings=AuditSettings(method="pearson", calibration=calibration, n_controls=n_controls),
            resources=ONE,
        )
        for calibration, n_controls in (("conformal", 20), ("dar", 2))
    )
    return Seen.of(ours, dar)


def table(rows: Mapping[str, Sequence[Seen]]) -> str:
    """A row for each kind of audit, as Markdown."""
    lines = [
        [
            *("synthetic images", "audits", "audits that flag anything", "share, 95% interval"),
            *("power, copies in place", "power, all ten kinds", "copied by Dar et al.'s threshold"),
        ]
    ]
    lines.append(["---"] * len(lines[0]))
    lines += [[name, *_cells(seen)] for name, seen in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(seen: Sequence[Seen]) -> Iterator[str]:
    n_flag = sum(one.flagged > 0 for one in seen)
    dar = np.array([one.dar for one in seen])
    yield from (str(len(seen)), str(n_flag), binomial(n_flag, len(seen)).percent())
    yield from (f"{np.mean([getattr(one, kind) for one in seen]):.2f}" for kind in ("in_place", "overall"))
    yield f"{dar.mean():.1%} (from {dar.min():.1%} to {dar.max():.1%})"


if __name__ == "__main__":
    main()
