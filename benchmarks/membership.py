"""How well training patients are told from others from within a diffusion model.

    python benchmarks/membership.py --work DIR

Two small models of invented films of 16 pixels, one a patient: one saw forty films 800 times each, one saw 4,000 films
four times each. No film of these seeds was looked at when the attacks were chosen. AUC by patient with 95% intervals;
the attack that decides is `model`. Writes `membership.md`; run again, it goes on where it stood.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doppelscan.audit.membership import MembershipSettings, membership
from doppelscan.findings.membership import Membership
from doppelscan.generators import Keeping, changed, family_named, fit
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.phantoms import chest
from doppelscan.settings import Resources

SMALL = (
    *("channels=16,32", "attention=false,false", "head_channels=16"),
    *("batch=32", "half_life=2000", "precision=float32"),
)
ONE = Resources(workers=1, device="cpu")


@dataclass(frozen=True)
class Training:
    """So many films, seen so many times, attacked with so many others."""

    name: str
    n_films: int
    times: int
    n_others: int


TRAININGS = (Training("over-trained", 40, 800, 600), Training("plenty", 4000, 4, 600))


def main() -> None:
    """Both models, or one; then the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the models")
    parser.add_argument("--only", choices=[one.name for one in TRAININGS])
    parser.add_argument("--seed", type=int, default=2026, help="of patients and weights")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    chosen = parser.parse_args()
    rows = [
        row(training, attacked(training, chosen.work / training.name, chosen.seed))
        for training in TRAININGS
        if chosen.only in {None, training.name}
    ]
    text = f"`python benchmarks/membership.py --seed {chosen.seed}`\n\n{table(rows)}"
    (chosen.out / "membership.md").write_text(text, encoding="utf-8")
    print(text)


def attacked(training: Training, folder: Path, seed: int) -> Membership:
    """Train, and try to tell those trained on from others."""
    train, others = invented(training.n_films, seed, 0), invented(training.n_others, seed, 100_000)
    settings = changed(
        family_named("ddpm").presets["tiny"], (*SMALL, f"n_images={training.n_films * training.times}")
    )
    model = fit(train, settings, out=folder, seed=seed, keeping=Keeping(last=1, grid=0), resources=ONE)
    asked = MembershipSettings(n_patients=400, seed=seed)
    return membership(train=train, holdout=others, model=model, settings=asked, resources=ONE)


def invented(n: int, seed: int, first: int) -> ImageSet:
    """A film of each of so many patients."""
    made = chest(n, size=16, seed=seed, first_patient=first)
    return ImageSet.from_arrays(made.pixels, made.table)


def row(training: Training, found: Membership) -> dict[str, str]:
    """What was found, in words."""
    auc = {attack.name: attack.by_patient.auc for attack in found.attacks}
    shown = {
        name: f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
        for name, one in ({"without the model": found.difference.auc} | auc).items()
    }
    films = f"{training.n_films} films, each seen {training.times} times"
    counts = f"{found.n_members} / {found.n_others}"
    strict = found.decisive.by_patient.found_at_1_percent.percent()
    return {"model of": films, "members / others": counts} | shown | {"found at 1%": strict}


def table(rows: list[dict[str, str]]) -> str:
    """Rows as Markdown."""

    def lines() -> Iterator[list[str]]:
        yield list(rows[0])
        yield ["---"] * len(rows[0])
        yield from (list(one.values()) for one in rows)

    return "".join(f"| {' | '.join(line)} |\n" for line in lines())


if __name__ == "__main__":
    main()
