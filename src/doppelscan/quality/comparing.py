"""How sure is a number about two sets, and what would a perfect generator get? By drawing halves.

Resampling with replacement puts duplicates among the images, which nearest neighbours and covariances take for a
narrower set. So halves are drawn without replacement: real ones by patient, synthetic ones by image. Between random
halves a number varies as much as between samples as large as the whole: the variance of a mean of n / 2 out of n
is s² (2 / n - 1 / n). This is the delete-half jackknife (Shao and Wu 1989), which holds for what is not smooth, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy import stats

from doppelscan.estimates import Estimate
from doppelscan.quality.traits import TRAITS, Trait
from doppelscan.seeds import stream
from doppelscan.statistics import binomial
from doppelscan.workers import Progress, counted

__all__ = ["Compared", "Drawing", "Features", "compared", "described"]

Values = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Features:
    """The vectors of a set's images and, for each, a number for its patient."""

    vectors: Float[np.ndarray, "n d"]
    patient: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def n_patients(self) -> int:
        """How many patients there are."""
        return len(np.unique(self.patient))

    def take(self, rows: Int64[np.ndarray, " k"]) -> Features:
        """Those of these images."""
        return Features(self.vectors[rows], self.patient[rows])


@dataclass(frozen=True)
class Compared:
    """One number about a synthetic set.

    Attributes
    ----------
    value
        Of all images, with its 95% interval.
    at_size
        Of as few images as `perfect` is about: the mean of the draws.
    perfect
        What a perfect generator would get, told from real images in the place of the synthetic ones: the mean, and the
        limits between which 95 of 100 perfect generators lie.
    """

    value: Estimate
    at_size: Estimate
    perfect: Estimate


@dataclass(frozen=True)
class Drawing:
    """How halves are drawn, and who is told."""

    n_draws: int
    seed: int
    progress: Progress

    def each(self, work: str) -> Iterator[np.random.Generator]:
        """A stream of chance for each draw."""
        for draw in counted(range(self.n_draws), work, self.n_draws, self.progress):
            yield stream(self.seed, "halves", draw)


def compared(
    measure: Callable[[Features, Features], Values],
    real: Features,
    synthetic: Features,
    drawing: Drawing,
    work: str,
) -> dict[str, Compared]:
    """Numbers of a real and a synthetic set, by their names in `TRAITS`.

    What a perfect generator would get is what a half of the real patients has of the other half, one image of each: its
    images would not come several of one patient.
    """
    halves, alike, perfect = [], [], []
    size = 0
    for generator in drawing.each(work) if _divisible(real, synthetic) else ():
        first, second = halves_of(real, generator)
        second = one_of_each(second, generator)
        size = min(len(second), len(synthetic))
        halves.append(measure(first, some_of(synthetic, len(synthetic) // 2, generator)))
        alike.append(measure(first, some_of(synthetic, size, generator)))
        perfect.append(measure(first, some_of(second, size, generator)))
    n_units = min(real.n_patients, len(synthetic))
    found = _Found(halves, alike, perfect, size, n_units, spread=1.0)
    return found.of(measure(real, synthetic), real, synthetic)


def described(
    measure: Callable[[Features], Values], real: Features, synthetic: Features, drawing: Drawing, work: str
) -> dict[str, Compared]:
    """Numbers of the synthetic set alone, by their names in `TRAITS`.

    What a perfect generator would get is what real images have, one of each patient: two draws of a perfect generator
    hardly ever show one patient.
    """
    halves, alike, perfect = [], [], []
    size = min(real.n_patients // 2, len(synthetic) // 2)
    for generator in drawing.each(work) if size else ():
        halves.append(measure(some_of(synthetic, len(synthetic) // 2, generator)))
        alike.append(measure(some_of(synthetic, size, generator)))
        perfect.append(measure(some_of(one_of_each(real, generator), size, generator)))
    found = _Found(halves, alike, perfect, size, len(synthetic), spread=math.sqrt(2))
    return found.of(measure(synthetic), real, synthetic)


def halves_of(real: Features, generator: np.random.Generator) -> tuple[Features, Features]:
    """The images of a random half of the patients, and those of the others."""
    patients = np.unique(real.patient)
    chosen = np.isin(real.patient, generator.permutation(patients)[: len(patients) // 2])
    return real.take(np.flatnonzero(chosen)), real.take(np.flatnonzero(~chosen))


def some_of(images: Features, n: int, generator: np.random.Generator) -> Features:
    """So many images, in their order."""
    return images.take(np.sort(generator.permutation(len(images))[:n]))


def one_of_each(real: Features, generator: np.random.Generator) -> Features:
    """One image of each patient."""
    order = generator.permutation(len(real))
    first = np.unique(real.patient[order], return_index=True)[1]
    return real.take(np.sort(order[first]))


def _divisible(real: Features, synthetic: Features) -> bool:
    return real.n_patients > 1 and len(synthetic) > 1


@dataclass(frozen=True)
class _Found:
    """What draws gave: of halves, of the size of the comparison, and of real images in the synthetic ones' place.

    `spread` is by how much two samples of that size vary more than the draws of real images do.
    """

    halves: Sequence[Values]
    alike: Sequence[Values]
    perfect: Sequence[Values]
    size: int
    n_units: int
    spread: float

    def of(self, whole: Values, real: Features, synthetic: Features) -> dict[str, Compared]:
        """The numbers with their intervals."""
        units = {"real": real.n_patients, "synthetic": len(synthetic), "": 0}
        return {
            name: self._compared(TRAITS[name], value, len(synthetic), units[TRAITS[name].rate_of])
            for name, value in whole.items()
        }

    def _compared(self, trait: Trait, value: float, n: int, n_units: int) -> Compared:
        margin = self._margin([one[trait.name] for one in self.halves])
        alike, perfect = ([one[trait.name] for one in of] for of in (self.alike, self.perfect))
        spread = self._margin(perfect) * self.spread
        return Compared(
            _estimate(trait, value, margin * 2**trait.growth, n, n_units),
            _estimate(trait, _mean(alike), margin, self.size, 0),
            _estimate(trait, _mean(perfect), spread, self.size, 0),
        )

    def _margin(self, draws: Sequence[float]) -> float:
        """Half the width of an interval: a deviation times the quantile of t for the units it is told from."""
        if len(draws) < 2:
            return math.inf
        freedom = max(1, min(self.n_units, len(draws)) - 1)
        return float(np.std(draws, ddof=1) * stats.t.ppf(0.975, freedom))


def _mean(draws: Sequence[float]) -> float:
    return float(np.mean(draws)) if draws else math.nan


def _estimate(trait: Trait, value: float, margin: float, n: int, n_units: int) -> Estimate:
    """The value between its limits; a rate's interval holds the exact one of `n_units` independent units, too."""
    if math.isnan(value) or math.isnan(margin):
        return Estimate(value, trait.least, trait.most, n if math.isfinite(value) else 0)
    low, high = max(value - margin, trait.least), min(value + margin, trait.most)
    if n_units:
        exact = binomial(round(value * n_units), n_units)
        low, high = min(low, exact.low), max(high, exact.high)
    return Estimate(value, min(low, value), max(high, value), n)
