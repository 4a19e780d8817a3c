"""How often an audit flags anything where nothing can be a copy, and what it would have found.

    python benchmarks/innocent.py [--method registered] [--effort quick] [--study DIR] [--work DIR]

`fresh phantoms`: training set, holdout and synthetic images are invented patients, all of them others, anew in each
audit. `generators of other patients`: samples of the models of a study (`doppelscan study recipes/akbar.toml --scale
small`), each audited against training sets of patients whom the model never saw; audits of one model share its
samples. The rate of false discovery is 5%, so that at most about one audit in twenty may flag anything. Power
is for planted copies that keep their place, which are all that `pearson` looks for, and for all. What an audit says
is kept in the folder of `--work`, so that a run that was cut off goes on. Writes `innocent.md`, or
`innocent-registered.md`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from doppelscan.audit import AuditSettings, audit
from doppelscan.findings import Findings
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.phantoms import chest
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.statistics import binomial
from doppelscan.store.atomic import write_text
from doppelscan.studies import read_study
from doppelscan.studies.sources import kept, opened
from realimages import DATA

IN_PLACE = ("exact", "noise", "blur", "gamma")
N_TRAIN, N_HOLDOUT, N_SYNTHETIC, SIDE = 600, 400, 200, 64
ONE = Resources(workers=1, device="cpu")

Sets = tuple[ImageSet, ImageSet, ImageSet]  # training set, holdout, synthetic


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
    parser.add_argument("--method", choices=["pearson", "registered"], default="pearson")
    parser.add_argument("--effort", choices=["quick", "standard"], default="standard")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "innocent")
    chosen = parser.parse_args()
    kinds: dict[str, Callable[[int], Sets]] = {"fresh phantoms": phantoms}
    if chosen.study is not None:
        kinds["generators of other patients"] = strangers(chosen.study, chosen.data)
    rows = {name: list(seen(name, sets, chosen)) for name, sets in kinds.items()}
    asked = f"--audits {chosen.audits} --method {chosen.method} --effort {chosen.effort}"
    text = f"`python benchmarks/innocent.py {asked}`\n\n{table(rows)}"
    name = "innocent.md" if chosen.method == "pearson" else f"innocent-{chosen.method}.md"
    (chosen.out / name).write_text(text, encoding="utf-8")
    print(text)


def seen(name: str, sets: Callable[[int], Sets], chosen: argparse.Namespace) -> Iterator[Seen]:
    """What each audit of one kind says; those that were made already are read."""
    chosen.work.mkdir(parents=True, exist_ok=True)
    for number in range(chosen.audits):
        kept = chosen.work / f"{name.replace(' ', '-')}-{chosen.method}-{chosen.effort}-{number}.json"
        if not kept.exists():
            write_text(kept, json.dumps(asdict(audited(*sets(number), chosen))))
        yield Seen(**json.loads(kept.read_text(encoding="utf-8")))


def phantoms(number: int) -> Sets:
    """Invented films, and others, and others again."""
    train, holdout, synthetic = (
        invented(size, number, first)
        for first, size in ((0, N_TRAIN), (10_000, N_HOLDOUT), (20_000, N_SYNTHETIC))
    )
    return train, holdout, synthetic


def invented(n: int, seed: int, first: int) -> ImageSet:
    """A film of each of so many patients."""
    made = chest(n, size=SIDE, seed=1000 + seed, first_patient=first)
    return ImageSet.from_arrays(made.pixels, made.table)


def strangers(study: Path, data: Path) -> Callable[[int], Sets]:
    """Samples, and patients that their generator never saw."""
    done = read_study(study)
    source = done.recipe.sources["films"]
    patients = opened(source, kept(source, data, study / "sources", resources=ONE))
    of_films = done.cells[done.cells["source"] == "films"]

    def sets(number: int) -> Sets:
        cell = of_films.iloc[number % len(of_films)]
        seen_or_others = patients.these(2 * int(cell["images"]), int(cell["seed"]))
        train = without(patients.pool, seen_or_others, number)
        return train, patients.held_out, open_images(study / "cells" / cell["cell"] / "samples")

    return sets


def without(pool: ImageSet, saw: ImageSet, number: int) -> ImageSet:
    """`N_TRAIN` images of patients who are not in `saw`."""
    unseen = np.flatnonzero(~pool.table["patient"].isin(set(saw.table["patient"])))
    order = stream(number, "patients never seen").permutation(unseen)
    return pool.take(order[:N_TRAIN])


def audited(train: ImageSet, holdout: ImageSet, synthetic: ImageSet, chosen: argparse.Namespace) -> Seen:
    """One audit by our calibration, and one by that of Dar et al."""
    ours, dar = (
        audit(
            train=train,
            synthetic=synthetic,
            holdout=holdout,
            settings=settings,
            resources=ONE,
        )
        for settings in (
            AuditSettings(method=chosen.method, effort=chosen.effort, n_controls=20),
            AuditSettings(method="pearson", calibration="dar", n_controls=2),
        )
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
