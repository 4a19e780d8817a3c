"""What do arms gain over their controls? Estimates of every cell, and differences between cells that share all else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.estimates import Estimate
from doppelscan.findings.utility import Contrast, Outcome
from doppelscan.statistics import q_values
from doppelscan.utility.cells import REAL
from doppelscan.utility.resampling import Resampling, estimate_of, p_value_of
from doppelscan.utility.scores import scored
from doppelscan.utility.settings import OUTCOMES

__all__ = ["ALL_IMAGES", "Judged", "Place", "contrasts", "judged", "outcomes"]

ALL_IMAGES = "all"
CONTROLS = (REAL, "duplicated", "augmented")
Draws = Float64[np.ndarray, "b"]


@dataclass(frozen=True, order=True)
class Place:
    """Where a cell is in the grid, whatever its seed."""

    arm: str
    part: str
    real_per_class: float
    per_real: int


@dataclass(frozen=True, eq=False)
class Judged:
    """Every cell's measures under every draw of patients and seeds.

    Attributes
    ----------
    draws
        By place, group and measure: the value, then one for each draw.
    by_seed
        By place: the outcome of each seed, all images, as measured.
    n_test
        Test images of each group.
    """

    outcome: str
    draws: Mapping[Place, Mapping[str, Mapping[str, Draws]]]
    by_seed: Mapping[Place, Float64[np.ndarray, " s"]]
    n_test: Mapping[str, int]

    def of(self, place: Place, group: str = ALL_IMAGES) -> Draws:
        """The outcome of a cell in a group."""
        return self.draws[place][group][self.outcome]

    def better(self, place: Place) -> Draws:
        """The outcome of all images, its sign turned where less is better."""
        return -self.of(place) if self.outcome == "calibration_error" else self.of(place)

    @property
    def places(self) -> list[Place]:
        """Every place of the grid that all seeds have, ordered."""
        return sorted(self.draws)

    @property
    def generators(self) -> list[str]:
        """The arms that are no controls."""
        return sorted({place.arm for place in self.draws} - set(CONTROLS))

    def joined(self, arm: str, real_per_class: float) -> list[Place]:
        """The cells of an arm at one number of real images, few synthetic ones first."""
        mine = ("joined", real_per_class)
        return [p for p in self.places if p.arm == arm and (p.part, p.real_per_class) == mine]

    def alone(self, real_per_class: float) -> Place:
        """The cell of real images alone."""
        return Place(REAL, "joined", real_per_class, 0)

    @property
    def real_sizes(self) -> list[float]:
        """Numbers of real images per class at which there is a cell of real images alone."""
        return [place.real_per_class for place in self.places if place.arm == REAL]


def judged(
    told: Mapping[Place, Sequence[np.ndarray]],
    truth: Int64[np.ndarray, " n"],
    groups: Mapping[str, np.ndarray],
    how: Resampling,
    outcome: str,
) -> Judged:
    """The measures of cells that were all tested on the same images; `told` holds each seed's probabilities."""
    draws: dict[Place, dict[str, dict[str, Draws]]] = {}
    by_seed: dict[Place, Float64[np.ndarray, " s"]] = {}
    for place, seeds in told.items():
        draws[place] = {}
        for group, mine in groups.items():
            weights = how.weights[:, mine]
            measures = OUTCOMES if group == ALL_IMAGES else (outcome,)
            each = [scored(one[mine], truth[mine], weights, measures) for one in seeds]
            values = {name: np.stack([one[name] for one in each]) for name in each[0]}
            draws[place][group] = {name: how.over(value) for name, value in values.items()}
            if group == ALL_IMAGES:
                by_seed[place] = values[outcome][:, 0]
    return Judged(outcome, draws, by_seed, {name: int(mine.sum()) for name, mine in groups.items()})


def outcomes(found: Judged) -> Iterator[Outcome]:
    """Every cell with its intervals."""
    for place in found.places:
        groups = found.draws[place]
        measures = {
            name: estimate_of(values, found.n_test[ALL_IMAGES]) for name, values in groups[ALL_IMAGES].items()
        }
        by_group = {
            group: estimate_of(mine[found.outcome], found.n_test[group])
            for group, mine in groups.items()
            if group != ALL_IMAGES
        }
        yield Outcome(place.arm, place.part, place.real_per_class, place.per_real, measures, by_group)


def contrasts(found: Judged, groups: Sequence[str]) -> list[Contrast]:
    """Each generator against each control, for all images and each of `groups`; q-values over all of them."""
    compared = list(_compared(found, groups))
    if not compared:
        return []
    corrected = q_values(np.array([one.p_value for one in compared]))
    return [replace(one, q_value=float(q)) for one, q in zip(compared, corrected, strict=True)]


def _compared(found: Judged, groups: Sequence[str]) -> Iterator[Contrast]:
    for place in (p for p in found.places if p.arm in found.generators and p.part == "joined"):
        for against, group in product(CONTROLS, (ALL_IMAGES, *groups)):
            other = replace(place, arm=against, per_real=0 if against == REAL else place.per_real)
            if other in found.draws:
                yield _contrast(found, place, other, group)


def _contrast(found: Judged, place: Place, other: Place, group: str) -> Contrast:
    difference = found.of(place, group) - found.of(other, group)
    p_value = p_value_of(difference)
    estimate: Estimate = estimate_of(difference, found.n_test[group], -1.0, 1.0)
    where = (place.arm, other.arm, group, place.real_per_class, place.per_real)
    return Contrast(*where, difference=estimate, p_value=p_value, q_value=p_value)
