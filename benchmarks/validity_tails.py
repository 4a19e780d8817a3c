"""Whether p-values beyond the null's range are valid, against a Pareto tail by weighted moments.

    python benchmarks/validity_tails.py --repeats 100    (about 1 minute on one core)

For each law of the null, P(p <= alpha) / alpha for a new image, which is at most 1 where p is valid, and the median
p of an image 8 standard deviations above the mean. The peer is the common recipe (Hosking and Wallis 1987: a shape
of at least 0 by probability-weighted moments, with the upper 95% bound of a bootstrap as p).
Writes `validity-tails.md`.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from scipy import stats

from doppelscan.seeds import stream
from doppelscan.statistics import PatientNull

LAWS = {
    "normal": stats.norm(),
    "Gumbel": stats.gumbel_r(),
    "exponential": stats.expon(),
    "lognormal, sigma 0.5": stats.lognorm(0.5),
    "Pareto, shape 0.1": stats.genpareto(0.1),
    "Pareto, shape 0.2": stats.genpareto(0.2),
    "Student, 5 degrees": stats.t(5),
}
ALPHAS = (1e-3, 1e-4, 1e-5)
COLUMNS = (
    "null",
    "patients",
    "P(p <= a) / a, a = 1e-3 / 1e-4 / 1e-5",
    "p at 8 sd",
    "the same by moments",
    "p at 8 sd",
)


def by_moments(null: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The upper bound of the tail by probability-weighted moments, over 100 bootstrap draws of excesses."""
    k = int(max(null.size / 10, min(20, null.size / 2)))
    start = np.sort(null)[-k - 1]
    excess = np.sort(rng.choice(null[null > start] - start, (100, k)), axis=1)
    a0 = excess.mean(axis=1, keepdims=True)
    a1 = (excess * (1 - (np.arange(1, k + 1) - 0.35) / k)).mean(axis=1, keepdims=True)
    shape = np.maximum(2 - a0 / (a0 - 2 * a1), 1e-6)
    scale = np.where(shape > 1e-6, 2 * a0 * a1 / (a0 - 2 * a1), a0)
    beyond = (1 + shape * np.maximum(x - start, 0) / scale) ** (-1 / shape)
    ranked = (1 + (null >= x[:, None]).sum(axis=1)) / (1 + null.size)
    bound = (k + 1) / (1 + null.size) * np.quantile(beyond, 0.95, axis=0)
    return np.where(x > null.max(), np.minimum(bound, ranked), ranked)


def row(name: str, n: int, repeats: int) -> list[str]:
    """One row of the table: both ways over `repeats` nulls of `n` patients."""
    law, seen = LAWS[name], {"ours": [], "moments": []}
    x = law.mean() + law.std() * np.linspace(0, 60, 601)
    for repeat in range(repeats):
        rng = stream(repeat, name, n)
        null = law.rvs(size=n, random_state=rng)
        ours = PatientNull(null, np.arange(n)).p_values(x).p
        for way, p in (("ours", ours), ("moments", by_moments(null, x, rng))):
            reached = [
                law.sf(x[np.argmax(p <= alpha)]) / alpha if p[-1] <= alpha else 0.0 for alpha in ALPHAS
            ]
            seen[way].append([*reached, p[80]])
    cells = []
    for values in seen.values():
        cells += [" / ".join(f"{ratio:.2f}" for ratio in np.mean(values, axis=0)[:3])]
        cells += [f"{np.median(values, axis=0)[3]:.1e}"]
    return [name, str(n), *cells]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=100, help="nulls of each law and size")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    chosen = parser.parse_args()
    rows = [row(name, n, chosen.repeats) for name, n in itertools.product(LAWS, (30, 200, 1000))]
    text = f"`python benchmarks/validity_tails.py --repeats {chosen.repeats}`\n\n"
    text += "".join(f"| {' | '.join(line)} |\n" for line in [COLUMNS, ["---"] * len(COLUMNS), *rows])
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "validity-tails.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
