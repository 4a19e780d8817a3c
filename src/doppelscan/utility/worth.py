"""What are synthetic images worth in real ones? And when do more of them add nothing? Read off the curves."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from doppelscan.estimates import Estimate
from doppelscan.findings.utility import Saturation, Worth
from doppelscan.utility.comparing import Judged, Place
from doppelscan.utility.resampling import estimate_of

__all__ = ["rising", "saturations", "where_reached", "worths"]

_MOST = 0.9  # of the largest gain


def worths(found: Judged) -> Iterator[Worth]:
    """The real-image equivalent of every cell of a generator, by the curve of real images alone."""
    sizes = np.array(found.real_sizes)
    if len(sizes) < 2:
        return
    curve = np.stack([found.better(found.alone(size)) for size in sizes])
    curve = np.apply_along_axis(rising, 0, curve)
    for arm in found.generators:
        for size in found.real_sizes:
            for place in found.joined(arm, size):
                yield _worth(place, np.log(sizes), curve, found.better(place))


def saturations(found: Judged) -> Iterator[Saturation]:
    """For each generator and number of real images, where more synthetic ones add little."""
    for arm in found.generators:
        for size in found.real_sizes:
            places = found.joined(arm, size)
            if len(places) >= 2:
                yield _saturation(found, arm, size, places)


def rising(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """The nearest values, by least squares, that never fall (pool adjacent violators).

    Examples
    --------
    >>> rising(np.array([1.0, 3.0, 2.0])).tolist()
    [1.0, 2.5, 2.5]
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, n = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, n = (mean * n + before * many) / (n + many), n + many
        blocks.append((mean, n))
    return np.concatenate([np.full(n, mean) for mean, n in blocks])


def where_reached(level: float, at: Float64[np.ndarray, " n"], curve: Float64[np.ndarray, " n"]) -> float:
    """The first point at which a curve that never falls, linear between its points, reaches a level.

    -inf below its first value, inf above its last.

    Examples
    --------
    >>> where_reached(0.5, np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    1.0
    """
    if level < curve[0]:
        return -math.inf
    place = int(np.searchsorted(curve, level, side="left"))
    if place == len(curve):
        return math.inf
    if place == 0:
        return float(at[0])
    low, high = curve[place - 1], curve[place]
    return float(at[place - 1] + (level - low) / (high - low) * (at[place] - at[place - 1]))


def _worth(
    place: Place,
    logs: Float64[np.ndarray, " n"],
    curve: Float64[np.ndarray, "n b"],
    value: Float64[np.ndarray, " b"],
) -> Worth:
    """Real images are counted on a scale of logarithms, along which learning curves are nearly straight."""
    size, synthetic = place.real_per_class, place.real_per_class * place.per_real
    reached = np.array([where_reached(v, logs, c) for v, c in zip(value, curve.T, strict=True)])
    more = np.where(np.isneginf(reached), -size, np.exp(np.minimum(reached, 700.0)) - size)
    more[np.isposinf(reached)] = math.inf
    beyond, most = math.isinf(more[0]), round(float(np.exp(logs[-1])), 6)
    more[0] = min(more[0], most - size)
    return Worth(
        place.arm, size, place.per_real, synthetic, _spanned(more), _spanned(more / synthetic), beyond
    )


def _spanned(draws: Float64[np.ndarray, " b"]) -> Estimate:
    """The first value and what 95 of 100 others span, infinite ones among them."""
    value = float(draws[0])
    ordered = np.sort(draws[1:])
    last = len(ordered) - 1
    low, high = float(ordered[int(0.025 * last)]), float(ordered[math.ceil(0.975 * last)])
    return Estimate(value, min(low, value), max(high, value), len(ordered))


def _saturation(found: Judged, arm: str, size: float, places: list[Place]) -> Saturation:
    ratios = np.log1p(np.array([0.0, *(place.per_real for place in places)]))
    curve = np.stack([found.better(found.alone(size)), *(found.better(place) for place in places)])
    curve = np.apply_along_axis(rising, 0, curve)
    gain = curve[-1] - curve[0]
    at = [where_reached(c[0] + _MOST * g, ratios, c) for c, g in zip(curve.T, gain, strict=True)]
    gained = estimate_of(gain, found.n_test["all"], 0.0, 1.0)
    clear = float(np.quantile(gain[1:], 0.025)) > 0
    ratio = _spanned(np.expm1(at)) if clear else Estimate(math.nan, 0.0, float(places[-1].per_real), 0)
    return Saturation(arm, size, ratio, gained)
