"""Do the intervals of an audit hold the truth? Whole audits of fresh chest phantoms with planted copies.

Each row is a scenario: what share of the synthetic images are copies, and how these are changed. Each cell is the
share of audits whose interval holds the truth of that finding; an honest 95% interval reaches 95% or more, less the
chance in so few repeats. Run: `python benchmarks/intervals.py --repeats 40`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from doppelscan.audit import AuditSettings, audit
from doppelscan.estimates import Estimate
from doppelscan.findings import Findings, read_run
from doppelscan.images.transforms import STANDARD, by_name
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.phantoms import chest
from doppelscan.seeds import stream

SIDE = 32
N_SYNTHETIC = 200
SETTINGS = AuditSettings(method="pearson", n_controls=60, n_draws=100)
RATES = ("copied", "copies_left", "excess_copied", "memorized", "patients_exposed")
SCENARIOS = {
    "no copies": (0, ("noise",)),
    "1% noisy": (2, ("noise",)),
    "5% noisy": (10, ("noise",)),
    "30% noisy": (60, ("noise",)),
    "100% noisy": (200, ("noise",)),
    "30% of all transforms": (60, tuple(transform.name for transform in STANDARD)),
}


@dataclass(frozen=True)
class Cohorts:
    """The sets of one audit; `source` is the training image that each synthetic one copies, -1 for none."""

    train: ImageSet
    holdout: ImageSet
    synthetic: ImageSet
    source: np.ndarray


def main() -> None:
    """Run every scenario and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "intervals.md")
    arguments = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DOPPELSCAN_CACHE"] = folder
        for name, (n_copies, transforms) in SCENARIOS.items():
            held = [one_audit(r, n_copies, transforms, Path(folder)) for r in range(arguments.repeats)]
            rows[name] = pd.DataFrame(held).mean()
            print(name, rows[name].round(2).to_dict(), flush=True)
    table = pd.DataFrame(rows).T.round(2)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(
        f"`python benchmarks/intervals.py --repeats {arguments.repeats}`\n\n{markdown(table)}\n"
    )


def one_audit(repeat: int, n_copies: int, transforms: tuple[str, ...], folder: Path) -> Mapping[str, bool]:
    """Which intervals of one audit hold the truth."""
    cohorts = draw(repeat, n_copies, transforms)
    run = folder / "run"
    findings = audit(
        train=cohorts.train, holdout=cohorts.holdout, synthetic=cohorts.synthetic, settings=SETTINGS, out=run
    )
    matches = read_run(run).matches
    flagged = matches.loc[matches["rank"] == 1, "copied"].to_numpy(bool)
    estimates = {name: getattr(findings, name) for name in RATES}
    held = {
        name: holds(estimates[name], truth) for name, truth in truths(cohorts, flagged, transforms).items()
    }
    return held | {"power": power_holds(findings, flagged[cohorts.source >= 0], transforms)}


def truths(cohorts: Cohorts, flagged: np.ndarray, transforms: tuple[str, ...]) -> dict[str, float]:
    """What each rate estimates; where some transforms cannot be seen, `copied` is about those that can."""
    copy = cohorts.source >= 0
    reached = cohorts.source[copy & flagged]
    n_patients = cohorts.train.patients.max() + 1
    return {
        "copied": float((copy & flagged).mean() if len(transforms) > 1 else copy.mean()),
        "copies_left": float((copy & ~flagged).mean()),
        "excess_copied": float((copy & flagged).mean() if len(transforms) > 1 else copy.mean()),
        "memorized": len(np.unique(reached)) / len(cohorts.train),
        "patients_exposed": len(np.unique(cohorts.train.patients[reached])) / n_patients,
    }


def power_holds(findings: Findings, found: np.ndarray, transforms: tuple[str, ...]) -> bool:
    """Whether the share of copies found lies within power's interval, give or take the chance in so few copies."""
    power = findings.power.overall if len(transforms) > 1 else findings.power.by_transform[transforms[0]]
    if not len(found):
        return True
    chance = 1.96 * np.sqrt(max(power.value * (1 - power.value), 0.01) / len(found))
    return bool(power.low - chance <= found.mean() <= power.high + chance)


def draw(repeat: int, n_copies: int, transforms: tuple[str, ...]) -> Cohorts:
    """Fresh patients for every repeat; copies of distinct training images, transforms in turn."""
    first = 1_000_000 + 1_000 * repeat
    train = phantoms(200, first, films=2)
    novel = phantoms(N_SYNTHETIC, first + 500).read(0, N_SYNTHETIC - n_copies)
    source = stream(repeat, "sources").choice(len(train), size=n_copies, replace=False)
    changes = by_name([transforms[i % len(transforms)] for i in range(n_copies)])
    copies = [
        change(train[int(position)].pixels, stream(repeat, "copy", int(position)))
        for change, position in zip(changes, source, strict=True)
    ]
    synthetic = ImageSet.from_arrays(
        np.concatenate([novel, np.array(copies, novel.dtype).reshape(-1, 1, SIDE, SIDE)])
    )
    return Cohorts(train, phantoms(200, first + 250), synthetic, np.r_[np.full(len(novel), -1), source])


def phantoms(n_patients: int, first: int, films: int = 1) -> ImageSet:
    cohort = chest(n_patients, films=films, size=SIDE, first_patient=first)
    return ImageSet.from_arrays(cohort.pixels, cohort.table)


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low - 1e-9 <= truth <= estimate.high + 1e-9


def markdown(table: pd.DataFrame) -> str:
    head = ["copies", *table.columns]
    rows = [
        [name, *(f"{value:.2f}" for value in row)]
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
