"""Whether p-values are valid, copies found and rates covered, in simulated audits whose truth is known.

    python benchmarks/validity.py --repeats 40           (about 3 minutes on one core)

An image is a vector of 64 components whose spread decays as in films: a patient's anatomy, a visit's difference,
noise. Correlations, margins and nulls are computed as an audit does; `doppelscan.statistics` does the rest.
Three numbers in a cell stand for 1%, 5% and 30% of copies. Writes `validity-audits.md` and `validity-intervals.md`.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from doppelscan.seeds import stream
from doppelscan.statistics import PatientNull, binomial, clustered, excess_share, flagged, outliers, widened

SCALES = np.arange(1, 65) ** -0.75
ALPHAS = (0.1, 0.05, 0.01, 0.001)
SHARES = (0.01, 0.05, 0.3)
FDR = 0.05
N_DRAWS = 100


@dataclass(frozen=True)
class Scenario:
    """One kind of audit: how many patients, how many images each has, what is wrong with them."""

    name: str
    n_train: int = 400
    n_holdout: int = 200
    n_synthetic: int = 400
    most_images: int = 1
    blur: float = 0.0
    duplicates: float = 0.0  # share of held-out and of training patients who are a training patient once more
    kept: bool = False  # identity errors stay in the null
    arms: str = "both"  # or calibration, leave_patient_out


@dataclass(frozen=True)
class Images:
    """Vectors of images, and the patient of each."""

    pixels: np.ndarray
    patient: np.ndarray

    def take(self, keep: np.ndarray) -> Images:
        """These images alone."""
        return Images(self.pixels[keep], self.patient[keep])

    def joined(self, other: Images) -> Images:
        """These images and then the others."""
        return Images(np.vstack([self.pixels, other.pixels]), np.append(self.patient, other.patient))


@dataclass(frozen=True)
class Audit:
    """The statistics of one simulated audit; any of `novel` and `copies` may be in its synthetic set."""

    null: PatientNull
    novel: np.ndarray
    copies: np.ndarray


SCENARIOS = (
    Scenario("independent patients"),
    Scenario("1 to 20 images a patient", n_train=120, n_holdout=60, most_images=20),
    Scenario("null of held-out patients only", arms="calibration"),
    Scenario("null of training patients only", arms="leave_patient_out"),
    *(Scenario(f"{n} held out", n_holdout=n) for n in (10, 30, 100, 500)),
    *(
        Scenario(f"{n} held out, null of them only", n_holdout=n, arms="calibration")
        for n in (10, 30, 100, 500)
    ),
    Scenario("smoothed synthetic images", blur=0.5),
    Scenario("very smooth synthetic images", blur=1.5),
    *(
        Scenario(f"{share:.1%} duplicates, {'kept' if kept else 'left out'}", duplicates=share, kept=kept)
        for share, kept in itertools.product((0.003, 0.02), (True, False))
    ),
)


def cohort(rng: np.random.Generator, n: int, *, most_images: int = 1, first: int = 0) -> Images:
    """Images of `n` patients, 1 to `most_images` of each."""
    patient = np.repeat(np.arange(n), rng.integers(1, most_images + 1, n))
    anatomy = rng.normal(size=(n, SCALES.size))[patient]
    visit = rng.normal(size=anatomy.shape)
    noise = rng.normal(scale=0.02, size=anatomy.shape)
    return Images((anatomy + 0.4 * visit) * SCALES + noise, patient + first)


def noisy_copies(rng: np.random.Generator, images: Images, n: int) -> np.ndarray:
    """`n` of the images with white noise of 15% of their standard deviation."""
    chosen = images.pixels[rng.integers(images.patient.size, size=n)]
    return chosen + 0.15 * chosen.std(axis=1, keepdims=True) * rng.normal(size=chosen.shape)


def audit(scenario: Scenario, rng: np.random.Generator) -> Audit:
    """A cohort is drawn, and measured as an audit does."""
    train = cohort(rng, scenario.n_train, most_images=scenario.most_images)
    holdout = cohort(rng, scenario.n_holdout, most_images=scenario.most_images, first=10**6)
    for images, n in ((train, scenario.n_train), (holdout, scenario.n_holdout)):
        duplicates = noisy_copies(rng, train, round(scenario.duplicates * n))
        images.pixels[: len(duplicates)] = duplicates
    sharp = np.exp(-scenario.blur * np.linspace(0, 1, SCALES.size))
    novel = cohort(rng, scenario.n_synthetic).pixels * sharp
    return measured(scenario, train, holdout, novel, noisy_copies(rng, train, scenario.n_synthetic))


def measured(
    scenario: Scenario, train: Images, holdout: Images, novel: np.ndarray, copies: np.ndarray
) -> Audit:
    """The margins; identity errors leave the null, and the held-out images, until there are none."""
    arms = {"calibration": holdout, "leave_patient_out": train, "both": holdout.joined(train)}
    source = arms[scenario.arms]
    while True:
        null = margins(source, train, holdout)
        errors = outliers(null, source.patient)
        if scenario.kept or not errors.any():
            break
        holdout = holdout.take(~np.isin(holdout.patient, source.patient[errors]))
        source = source.take(~errors)
    unknown = [Images(pixels, np.full(len(pixels), -1)) for pixels in (novel, copies)]
    return Audit(PatientNull(null, source.patient), *(margins(images, train, holdout) for images in unknown))


def margins(images: Images, train: Images, holdout: Images) -> np.ndarray:
    """Fisher's z of the best training correlation less that of the best held-out one, of other patients."""
    return best(images, train) - best(images, holdout)


def best(images: Images, references: Images) -> np.ndarray:
    scores = unit(images.pixels) @ unit(references.pixels).T
    scores[images.patient[:, None] == references.patient] = -1
    return np.arctanh(np.minimum(scores.max(axis=1), 1 - 1e-12))


def unit(pixels: np.ndarray) -> np.ndarray:
    centred = pixels - pixels.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def outcomes(audited: Audit, seed: int) -> dict[str, list[float]]:
    """What one audit shows, by column of the table; the mean over audits is the table's."""
    n, statistic = audited.novel.size, np.append(audited.novel, audited.copies)
    p = audited.null.p_values(statistic).p
    resampled = audited.null.p_values_resampled(statistic, N_DRAWS, seed)
    shown: dict[str, list[float]] = defaultdict(list)
    shown["P(p <= 0.1 / 0.05 / 0.01 / 0.001)"] = [float(np.mean(p[:n] <= alpha)) for alpha in ALPHAS]
    shown["audits that flag anything, no copies"] = [float(flagged(p[:n], FDR).any())]
    shown["power for one copy"] = [float(np.mean(p[n:] <= FDR / (n + 1)))]
    for share in SHARES:
        n_copies = round(share * n)
        chosen = np.r_[n_copies:n, n : n + n_copies]  # novel images, then copies
        found = flagged(p[chosen], FDR)
        copied = widened(binomial(int(found.sum()), n), flagged(resampled[:, chosen], FDR).mean(axis=1))
        shown["false among flagged"].append(float(found[:-n_copies].sum() / max(found.sum(), 1)))
        shown["copies found"].append(float(found[-n_copies:].mean()))
        shown["copied holds truth"].append(float(copied.low <= share <= copied.high))
        excess = excess_share(p[chosen], resampled[:, chosen])
        shown["excess holds truth"].append(float(excess.low <= share <= excess.high))
    return shown


def means(scenario: Scenario, repeats: int) -> dict[str, str]:
    """One row of the table: the mean of each outcome over `repeats` audits."""
    seen = [outcomes(audit(scenario, stream(repeat, scenario.name)), repeat) for repeat in range(repeats)]
    row = {column: np.mean([shown[column] for shown in seen], axis=0) for column in seen[0]}
    return {"scenario": scenario.name} | {
        column: " / ".join(f"{value:.2g}" for value in values) for column, values in row.items()
    }


def coverage(n_patients: int, rate: float, likeness: float, repeats: int) -> dict[str, str]:
    """How often intervals hold a rate that differs between patients (beta, correlation `likeness`)."""
    hit: dict[str, list[bool]] = defaultdict(list)
    for repeat in range(repeats):
        rng = stream(repeat, "coverage", n_patients, str(rate), str(likeness))
        patient = np.repeat(np.arange(n_patients), rng.integers(1, 21, n_patients))
        own = rng.beta(*(np.array([rate, 1 - rate]) * (1 / likeness - 1)), n_patients)
        hits = rng.random(patient.size) < own[patient]
        for name, found in (
            ("binomial", binomial(int(hits.sum()), hits.size)),
            ("clustered", clustered(hits, patient)),
        ):
            hit[name].append(found.low <= rate <= found.high)
    row = {
        "patients": str(n_patients),
        "rate": f"{rate:.0%}",
        "likeness of a patient's images": str(likeness),
    }
    return row | {name: f"{np.mean(values):.3f}" for name, values in hit.items()}


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as Markdown."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([row[name] for name in names] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=40, help="audits of each scenario")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    chosen = parser.parse_args()
    command = f"`python benchmarks/validity.py --repeats {chosen.repeats}`\n\n"
    audits = [means(scenario, chosen.repeats) for scenario in SCENARIOS]
    cells = itertools.product((10, 30, 100), (0.02, 0.2), (0.01, 0.3))
    intervals = [coverage(*cell, repeats=25 * chosen.repeats) for cell in cells]
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("audits", audits), ("intervals", intervals)):
        (chosen.out / f"validity-{name}.md").write_text(command + table(rows), encoding="utf-8")
        print(table(rows))


if __name__ == "__main__":
    main()
