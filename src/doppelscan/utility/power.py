"""How many seeds would settle a difference of a given size? From how much this one scattered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from doppelscan.findings.utility import Seeds
from doppelscan.utility.comparing import Judged

__all__ = ["EFFECTS", "seeds_for", "seeds_needed"]

EFFECTS = (0.01, 0.02, 0.05)
_MOST = 10_000
_FOUND = special.ndtri(0.8)


def seeds_needed(found: Judged, effects: tuple[float, ...] = EFFECTS) -> Iterator[Seeds]:
    """For each cell of a generator and each effect over real images alone; nothing where there was one seed."""
    for arm in found.generators:
        for size in found.real_sizes:
            for place in found.joined(arm, size):
                scatter = found.by_seed[place] - found.by_seed[found.alone(size)]
                if len(scatter) < 2:
                    return
                by_seed = float(scatter.std(ddof=1))
                whole = float(np.std((found.of(place) - found.of(found.alone(size)))[1:], ddof=1))
                of_seeds = by_seed / len(scatter) ** 0.5 * _stretch(len(scatter))
                by_patient = max(whole**2 - of_seeds**2, 0.0) ** 0.5
                for effect in effects:
                    needed = seeds_for(effect, by_seed, by_patient)
                    yield Seeds(arm, size, place.per_real, effect, needed)


def seeds_for(effect: float, by_seed: float, by_patient: float) -> int | None:
    """The fewest seeds with which 8 of 10 studies would find the effect at the 5% level; None: no number does.

    `by_seed` is the spread of the difference from seed to seed, which more seeds average; `by_patient` what
    another test set of the same size would change, which they do not.

    Examples
    --------
    >>> seeds_for(0.05, 0.02, 0.01), seeds_for(0.01, 0.02, 0.01)
    (5, None)
    """
    for n in range(2, _MOST):
        spread = (by_seed**2 / n * _stretch(n) ** 2 + by_patient**2) ** 0.5
        if effect >= (special.ndtri(0.975) + _FOUND) * spread:
            return n
        if n > 2 and effect < (special.ndtri(0.975) + _FOUND) * by_patient:
            return None
    return None


def _stretch(n: int) -> float:
    """How much longer Student's interval over `n` seeds is than the normal one."""
    return float(special.stdtrit(n - 1, 0.975) / special.ndtri(0.975))
