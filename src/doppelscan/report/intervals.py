"""Where an estimate and its interval lie on a shared axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from doppelscan.estimates import Estimate

__all__ = ["Interval", "ceiling", "interval"]

CEILINGS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Interval:
    """An interval and its value, in percent of the axis's length."""

    low: float
    value: float
    high: float


def ceiling(estimates: Iterable[Estimate]) -> float:
    """The end of an axis that holds all that is known of these rates: the least round share above them."""
    highest = max((rate.high for rate in estimates if rate.known), default=1.0)
    return next((end for end in CEILINGS if end >= highest), 1.0)


def interval(rate: Estimate, end: float) -> Interval | None:
    """Where a rate lies on an axis from 0 to `end`; None where it is unknown."""
    if not rate.known:
        return None
    return Interval(
        *(round(100 * min(max(part / end, 0.0), 1.0), 2) for part in (rate.low, rate.value, rate.high))
    )
