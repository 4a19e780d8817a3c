"""How numbers are written for readers."""

from __future__ import annotations

import math

from doppelscan.estimates import Estimate

__all__ = ["between", "counted", "p_value", "share", "value"]

UNDEFINED = "\N{EN DASH}"


def share(rate: float) -> str:
    """A rate as a percentage: `1.2%`; two digits below one percent, and never a false `0%`.

    Examples
    --------
    >>> share(0.0123), share(0.004), share(0.00001), share(0.9999), share(0)
    ('1.2%', '0.40%', '<0.01%', '>99.9%', '0%')
    """
    if math.isnan(rate):
        return "unknown"
    if rate in (0, 1):
        return f"{100 * rate:.0f}%"
    if 0 < rate < 0.0001:
        return "<0.01%"
    if 0.9995 <= rate < 1:
        return ">99.9%"
    return f"{100 * rate:.{2 if 0 < rate < 0.01 else 1}f}%"


def between(estimate: Estimate) -> str:
    """The interval of a rate: `0.6% to 2.1%`."""
    return f"{share(estimate.low)} to {share(estimate.high)}"


def counted(n: int, thing: str) -> str:
    """A count with its noun, which takes a plural s: `1 image`, `1,200 images`."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def value(number: float | None) -> str:
    """A score, statistic or threshold to four significant digits, an en dash where there is none."""
    if number is None or math.isnan(number):
        return UNDEFINED
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return f"{number:.4g}"


def p_value(p: float) -> str:
    """A p- or q-value to two significant digits, an en dash where there is none.

    Examples
    --------
    >>> p_value(0.03217), p_value(0.0000042)
    ('0.032', '4.2e-06')
    """
    return UNDEFINED if math.isnan(p) else f"{p:.2g}"
