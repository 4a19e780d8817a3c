"""What a reported number is: a value with its interval and the number it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A value, its 95% interval, and how many units (images, patients) it was counted on.

    `value` is NaN where nothing could be counted (n = 0); the interval then spans all that is possible.
    """

    value: float
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        assert self.low <= self.high, (self.low, self.high)
        assert self.n >= 0, self.n

    @staticmethod
    def unknown() -> Estimate:
        """A rate that nothing is known about."""
        return Estimate(math.nan, 0.0, 1.0, 0)

    @property
    def known(self) -> bool:
        """Whether anything was counted."""
        return not math.isnan(self.value)

    def to_json(self) -> dict[str, float | int | None]:
        """Plain values; an unknown value and limits that are not finite become None: JSON has no such numbers."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {name: x if math.isfinite(x) else None for name, x in numbers.items()} | {"n": self.n}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Estimate:
        """The estimate that `to_json` wrote."""
        absent = {"value": math.nan, "low": -math.inf, "high": math.inf}
        numbers = {name: none if data[name] is None else float(data[name]) for name, none in absent.items()}
        return Estimate(**numbers, n=int(data["n"]))

    def percent(self) -> str:
        """The rate for readers: `5.0% (3.2% to 7.1%)`."""
        if not self.known:
            return "unknown"
        return f"{_percent(self.value)} ({_percent(self.low)} to {_percent(self.high)})"

    def _repr_html_(self) -> str:
        """The value with its interval, as a notebook shows it."""
        value = f"{self.value:.4g}" if self.known else "unknown"
        return f"<b>{value}</b> (95% interval {self.low:.4g} to {self.high:.4g}), n = {self.n:,}"

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}], n={self.n}"


def _percent(share: float) -> str:
    digits = 2 if 0 < share < 0.01 else 1
    return f"{100 * share:.{digits}f}%"
