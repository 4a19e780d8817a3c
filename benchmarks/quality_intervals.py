"""How often the intervals of quality hold the truth, against a bootstrap by patient.

    python benchmarks/quality_intervals.py --repeats 100    (about 15 minutes on one core)

Normal clouds of 16 numbers whose spread falls from one to the next. The truth is the mean of a number over `repeats`
other simulations. For each number: the share of intervals that hold it (and half their width over 1.96 standard
deviations), the same of percentile intervals from a bootstrap with replacement, and the share of simulations in
which `perfect` holds `at_size`. Writes `quality-intervals.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from doppelscan.quality.comparing import Compared, Drawing, Features, compared, described
from doppelscan.quality.diversity import mean_distance, vendi_score
from doppelscan.quality.frechet import frechet_distance
from doppelscan.quality.kernel import kernel_distance
from doppelscan.quality.manifold import manifold
from doppelscan.seeds import stream
from doppelscan.workers import silent

D, N_DRAWS = 16, 50
SPREAD = 1 / np.sqrt(1 + np.arange(D))
COLUMNS = ("scenario", "number", "holds (width)", "bootstrap holds (width)", "perfect holds")


@dataclass(frozen=True)
class Scenario:
    """Patients, images of each and how alike they are; synthetic images, how far moved and how much narrower."""

    n_patients: int
    each: int
    n_synthetic: int
    moved: float = 0.0

    def real(self, *names: object) -> Features:
        """Real images by patient."""
        rng = stream(0, "real", *map(str, names))
        patient = np.repeat(np.arange(self.n_patients), self.each)
        own = rng.normal(size=(self.n_patients, D))[patient]
        within = 0.7 if self.each > 1 else 0.0
        vectors = np.sqrt(within) * own + np.sqrt(1 - within) * rng.normal(size=own.shape)
        return Features(vectors * SPREAD, patient)

    def synthetic(self, *names: object) -> Features:
        """Synthetic images, each for itself."""
        rng = stream(0, "synthetic", *map(str, names))
        vectors = self.moved + (0.7 if self.moved else 1.0) * rng.normal(size=(self.n_synthetic, D))
        return Features(vectors * SPREAD, np.arange(self.n_synthetic))


SCENARIOS = {
    "100 patients, 100 synthetic images of the same law": Scenario(100, 1, 100),
    "the same, synthetic images moved and narrower": Scenario(100, 1, 100, 0.5),
    "60 patients with 3 films each, 150 synthetic images moved and narrower": Scenario(60, 3, 150, 0.5),
}


def of_both(real: Features, synthetic: Features) -> dict[str, float]:
    balls = manifold(real.vectors, synthetic.vectors)
    return {
        "fid": frechet_distance(real.vectors, synthetic.vectors),
        "kid": kernel_distance(real.vectors, synthetic.vectors, (real.patient, synthetic.patient)),
        "precision": float(balls.real_like.mean()),
        "recall": float(balls.reached.mean()),
        "density": float(balls.density.mean()),
        "coverage": float(balls.covered.mean()),
    }


def of_one(images: Features) -> dict[str, float]:
    return {"vendi": vendi_score(images.vectors), "mean_distance": mean_distance(images.vectors)}


def measured(real: Features, synthetic: Features) -> dict[str, float]:
    return of_both(real, synthetic) | of_one(synthetic)


def resampled(images: Features, rng: np.random.Generator) -> Features:
    """As many patients with replacement, each drawn one a patient of its own."""
    patients = np.unique(images.patient)
    rows = [np.flatnonzero(images.patient == one) for one in rng.choice(patients, len(patients))]
    return Features(
        images.vectors[np.concatenate(rows)], np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    )


def bootstrapped(real: Features, synthetic: Features, seed: int) -> Mapping[str, tuple[float, float]]:
    rng = stream(seed, "bootstrap")
    draws = [measured(resampled(real, rng), resampled(synthetic, rng)) for _ in range(N_DRAWS)]
    return {
        name: tuple(np.quantile([draw[name] for draw in draws], [0.025, 0.975]).tolist()) for name in draws[0]
    }


def rows(name: str, scenario: Scenario, repeats: int) -> Iterator[list[str]]:
    others = [measured(scenario.real("truth", k), scenario.synthetic("truth", k)) for k in range(repeats)]
    ours: list[dict[str, Compared]] = []
    boot = []
    for k in range(repeats):
        real, synthetic = scenario.real(k), scenario.synthetic(k)
        drawing = Drawing(N_DRAWS, k, silent)
        ours.append(
            compared(of_both, real, synthetic, drawing, "") | described(of_one, real, synthetic, drawing, "")
        )
        boot.append(bootstrapped(real, synthetic, k))
    for number in others[0]:
        values = np.array([one[number] for one in others])
        limits = [(one[number].value.low, one[number].value.high) for one in ours]
        inside = [
            one[number].perfect.low <= one[number].at_size.value <= one[number].perfect.high for one in ours
        ]
        cells = (told(of, values) for of in (limits, [one[number] for one in boot]))
        yield [name, f"`{number}`", *cells, f"{np.mean(inside):.2f}"]


def told(limits: list[tuple[float, float]], values: np.ndarray) -> str:
    low, high = np.array(limits).T
    holds = np.mean((low <= values.mean()) & (values.mean() <= high))
    return f"{holds:.2f} ({np.mean(high - low) / 3.92 / values.std(ddof=1):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + " --- |" * len(COLUMNS)]
    for name, scenario in SCENARIOS.items():
        for row in rows(name, scenario, repeats):
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
    table = Path(__file__).parent / "results" / "quality-intervals.md"
    table.write_text(
        f"`python benchmarks/quality_intervals.py --repeats {repeats}`\n\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
