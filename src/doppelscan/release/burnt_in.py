"""Is text burnt into an image? Lines of marks that are as high as each other, evenly bright, and stand on one line.

Letters drawn by a machine are flat: all of a line have one brightness, sharp borders and one stroke. Ribs, bronchi and
noise have not. A line needs four marks, so that the single letters L and R of films are not reported.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8

from doppelscan.images.intensity import to_uint8
from doppelscan.workers.threads import single_threaded_vision

__all__ = ["holds_text"]

Box = tuple[int, int, int, int]

_LEAST_MARKS = 4
_LEAST_HEIGHT, _MOST_HEIGHT = 5, 64  # pixels
_STROKES = (5, 9, 15)  # widths of the openings that take strokes away: for small, middling and large letters
_CONTRAST = 40  # grey levels between a letter and what surrounds it
_FAR = 3.0  # from one mark to the next, in heights: what lies on bright ground in between is not seen
_EVEN = 0.2  # deviation of the marks' brightness, as a share of their contrast


def holds_text(pixels: Shaped[np.ndarray, "c *space"]) -> bool:
    """Whether a line of text is seen in the image; of a volume, in its middle slices and its projections."""
    with single_threaded_vision():
        return any(_holds_line(plane) for plane in _planes(pixels))


def _planes(pixels: Shaped[np.ndarray, "c *space"]) -> Iterator[UInt8[np.ndarray, "h w"]]:
    """Grey pictures to look at: each channel, and the mean of three; of volumes slices and projections."""
    channels = [*pixels, pixels.mean(axis=0)] if len(pixels) == 3 else list(pixels)
    for channel in channels:
        if channel.ndim == 2:
            yield _grey(channel)
            continue
        for axis in range(3):
            yield from map(
                _grey, (channel.take(channel.shape[axis] // 2, axis), channel.max(axis), channel.min(axis))
            )


def _grey(plane: Shaped[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    if plane.dtype == np.uint8:
        return np.ascontiguousarray(plane)
    finite = np.nan_to_num(plane.astype(np.float64), posinf=0, neginf=0)
    low, high = finite.min(), finite.max()
    return np.asarray(to_uint8(finite[None], np.array([low]), np.array([high]))[0])


def _holds_line(grey: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether there is a line of marks, bright on dark ground or dark on bright, of any width of strokes."""
    if min(grey.shape) < _LEAST_HEIGHT:
        return False
    return any(_holds_bright_line(side, width) for side in (grey, 255 - grey) for width in _STROKES)


def _holds_bright_line(grey: UInt8[np.ndarray, "h w"], width: int) -> bool:
    """Whether there is a line of bright marks whose strokes are narrower than `width`."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (width, width))
    thin = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel)
    marks = cv2.threshold(thin, _CONTRAST, 1, cv2.THRESH_BINARY)[1]
    n, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    if n > 5000:  # texture, not text
        return False
    letters = np.flatnonzero(_like_letters(stats, width))
    lines = _grouped(stats, letters[np.argsort(stats[letters, 0], kind="stable")])
    return any(_even(grey, thin, labels, stats, line) for line in lines)


def _like_letters(stats: Shaped[np.ndarray, "n 5"], width: int) -> Shaped[np.ndarray, " n"]:
    """Which components have the size and the shape of letters; the first is the background."""
    _, _, across, high, area = stats.T
    sized = (high >= _LEAST_HEIGHT) & (high <= min(_MOST_HEIGHT, 9 * width)) & (across <= 1.6 * high)
    filled = area / (across * high)
    like = sized & (filled >= 0.12) & (filled <= 0.95) & (area >= 4)
    like[0] = False
    return np.asarray(like)


def _grouped(stats: Shaped[np.ndarray, "n 5"], letters: Shaped[np.ndarray, " l"]) -> Iterator[list[int]]:
    """Runs of marks, given from left to right, that are as high as each other, stand on one line, and are near."""
    boxes = [tuple(box) for box in stats[letters, :4].tolist()]
    lefts = [left for left, *_ in boxes]
    free = [True] * len(boxes)
    for first in range(len(boxes)):
        line = [first] if free[first] else []
        while line and (following := _next(boxes, lefts, free, line[-1])) is not None:
            line.append(following)
        if len(line) >= _LEAST_MARKS:
            for place in line:
                free[place] = False
            yield [int(letters[place]) for place in line]


def _next(boxes: list[Box], lefts: list[int], free: list[bool], last: int) -> int | None:
    """The nearest mark to the right that belongs to the same line, and to no other yet."""
    x, _, across, high = boxes[last]
    begin = max(bisect_right(lefts, x), bisect_left(lefts, x + across - 0.2 * high))
    end = bisect_left(lefts, x + across + _FAR * high)
    return next((k for k in range(begin, end) if free[k] and _alike(boxes[last], boxes[k])), None)


def _alike(one: Box, other: Box) -> bool:
    """Whether two marks stand on one line, and are as high as each other."""
    (_, y, _, high), (_, oy, _, ohigh) = one, other
    level = abs((oy + ohigh) - (y + high)) <= max(1, 0.2 * high)
    return level and 0.62 <= ohigh / high <= 1.6


def _even(
    grey: UInt8[np.ndarray, "h w"],
    thin: UInt8[np.ndarray, "h w"],
    labels: Shaped[np.ndarray, "h w"],
    stats: Shaped[np.ndarray, "n 5"],
    line: list[int],
) -> bool:
    """Whether all marks of a line are of one brightness, and sharp."""
    brightness, contrast = [], []
    for k in line:
        x, y, across, high, _ = (int(one) for one in stats[k])
        window = (slice(y, y + high), slice(x, x + across))
        mine = labels[window] == k
        brightness.append(float(np.percentile(grey[window][mine], 90)))
        contrast.append(float(np.percentile(thin[window][mine], 75)))
    return float(np.std(brightness)) <= _EVEN / 2 * float(np.median(contrast)) and min(contrast) > _CONTRAST
