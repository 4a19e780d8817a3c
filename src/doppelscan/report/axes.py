"""Where a value lies on a drawn axis, and where the axis is marked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Axis", "Tick"]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from `start` to `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Where `value` is drawn; at the axis's end where it lies outside."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 2)

    def ticks(self, n: int) -> Iterator[Tick]:
        """About `n` marks at round values (1, 2 or 5 times a power of ten apart)."""
        step = round_step((self.high - self.low) / n)
        digits = max(0, -math.floor(math.log10(step)))
        for k in range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1):
            yield Tick(self(k * step), f"{k * step:.{digits}f}")


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, ... times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
