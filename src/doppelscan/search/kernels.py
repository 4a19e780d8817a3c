"""What is computed image by image or pair by pair: loops compiled by numba, each thread on its own part.

Importing this module costs a second; only searches large enough to gain from it do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64, Integer
from numba import njit

from doppelscan.search.compiled import compiled
from doppelscan.search.lanes import LANES, LEAST_REACH

__all__ = [
    "block_values",
    "columns_reaching",
    "fill_centres",
    "grid_products",
    "integer_products",
    "largest_columns",
    "scaled_products",
    "unit_rows",
]

_CHUNK = 2**15  # products of 8-bit numbers that an int32 holds the sum of


def block_values(
    pixels: Integer[np.ndarray, "n planes h w"],
    rows: Int64[np.ndarray, "b"],
    columns: Int64[np.ndarray, "c"],
    cells: Int64[np.ndarray, "planes"],
    counts: Float64[np.ndarray, "cells gh gw"],
) -> tuple[
    Float32[np.ndarray, "n g"], Float64[np.ndarray, "n"], Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]
]:
    """Block averages, scaled, of centred images of length one, their squares added up; the images' sums and variation.

    Images are of at most 16 bits. Blocks lie between borders, which begin with 0 and end with the height and the
    width, in planes of one cell; `counts` says how many pixels each has. Sums are exact, all else is float64, rounded
    at the end.
    """
    values = np.empty((len(pixels), counts.size), dtype=np.float32)
    squared, total, variation = np.empty(len(pixels)), np.empty(len(pixels), np.int64), np.empty(len(pixels))

    def fill(part: slice) -> None:
        moments = squared[part], total[part], variation[part]
        _block_values(pixels[part], rows, columns, cells, counts, values[part], moments)

    _in_threads(len(pixels), fill)
    return values, squared, total, variation


def unit_rows(
    images: Integer[np.ndarray, "n d"], mean: Float64[np.ndarray, "n"], scale: Float64[np.ndarray, "n"]
) -> Float32[np.ndarray, "n d"]:
    """Each image less its mean, times its scale: in float64, rounded once."""
    rows = np.empty(images.shape, dtype=np.float32)
    _in_threads(len(rows), lambda part: _unit_rows(images[part], mean[part], scale[part], rows[part]))
    return rows


def grid_products(
    first: Float32[np.ndarray, "m g"],
    second: Float32[np.ndarray, "n g"],
    pairs: tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]],
) -> Float32[np.ndarray, "p"]:
    """The inner product of `first[pairs[0][i]]` and `second[pairs[1][i]]`, for each i, summed in any order."""
    rows, columns = pairs
    products = np.empty(len(rows), dtype=np.float32)
    _in_threads(
        len(rows), lambda part: _grid_products(first, second, rows[part], columns[part], products[part])
    )
    return products


def integer_products(
    first: Integer[np.ndarray, "m d"],
    second: Integer[np.ndarray, "n d"],
    pairs: tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]],
) -> Int64[np.ndarray, "p"]:
    """The inner product of images of at most 16 bits, pair by pair: exact."""
    rows, columns = pairs
    products = np.empty(len(rows), dtype=np.int64)
    narrow = first.dtype == second.dtype == np.uint8
    multiply = _byte_products if narrow else _wide_products
    _in_threads(len(rows), lambda part: multiply(first, second, rows[part], columns[part], products[part]))
    return products


def fill_centres(
    images: Float[np.ndarray, "n d"],
    which: Int64[np.ndarray, "q"],
    found: tuple[Float64[np.ndarray, "q"], ...],
) -> None:
    """What `lanes.centres` gives of the images named: mean, scale, off and squares."""
    _in_threads(
        len(which),
        lambda part: _centres(images, which[part], LANES, LEAST_REACH, *(of[part] for of in found)),
    )


def scaled_products(
    first: Float[np.ndarray, "m d"],
    second: Float[np.ndarray, "n d"],
    pairs: tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]],
    scaling: Float64[np.ndarray, "p 4"],
) -> Float64[np.ndarray, "p"]:
    """The inner product pair by pair, of images less a mean, times a scale: `scaling` has both of the two images."""
    rows, columns = pairs
    found = np.empty(len(rows))

    def multiply(part: slice) -> None:
        _scaled_products(first, second, rows[part], columns[part], scaling[part], LANES, found[part])

    _in_threads(len(rows), multiply)
    return found


def largest_columns(values: Float32[np.ndarray, "m n"], k: int) -> Int64[np.ndarray, "m k"]:
    """Where in each row its k largest values are, in any order; -1 in place of what is -inf."""
    columns = np.empty((len(values), k), dtype=np.int64)
    _in_threads(len(values), lambda part: _largest_columns(values[part], columns[part]))
    return columns


def columns_reaching(
    values: Float32[np.ndarray, "m n"], least: Float32[np.ndarray, "m"], most: int
) -> tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]] | None:
    """Rows and columns, in order, of what is at least what its row asks for; None if that is more than `most`."""
    counts = np.empty(len(values), dtype=np.int64)
    _in_threads(len(values), lambda part: _count_reaching(values[part], least[part], counts[part]))
    if (total := int(counts.sum())) > most:
        return None
    begins, columns = np.cumsum(counts) - counts, np.empty(total, dtype=np.int64)
    _in_threads(
        len(values),
        lambda part: _columns_reaching(values[part], least[part], begins[part], counts[part], columns),
    )
    return np.repeat(np.arange(len(values)), counts), columns


def _in_threads(n: int, work: Callable[[slice], None]) -> None:
    """Do the work on `n` things, a part in each thread; compiled loops do not hold the interpreter."""
    n_threads = torch.get_num_threads()
    size = max(1, -(-n // (4 * n_threads)))
    parts = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    list(_threads(n_threads).map(work, parts))


@cache
def _threads(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n)


def _compiled_in_any_order(loops: Callable[..., Any]) -> Callable[..., Any]:
    """The same as `compiled`, where sums may be taken in any order."""
    exact = {"reassoc", "contract"}
    machine_code: Callable[..., Any] = njit(inspect.unwrap(loops), nogil=True, cache=True, fastmath=exact)
    return machine_code


@compiled
def _block_values(pixels, rows, columns, cells, counts, values, moments):  # type: ignore[no-untyped-def]
    squared, totals, variations = moments
    root = 1 / np.sqrt(counts.ravel())
    size = counts.ravel()
    d = pixels.shape[1] * pixels.shape[2] * pixels.shape[3]
    sums = np.empty(counts.shape, dtype=np.int64)
    for i in range(len(pixels)):
        sums[:] = 0
        square = _add_blocks(pixels[i], rows, columns, cells, sums)
        of_blocks = sums.ravel()
        total = of_blocks.sum()
        totals[i], variations[i] = total, _variation(total, square, d)
        length = np.sqrt(variations[i])
        scale = 0.0 if length == 0 else 1 / length
        mean, image, of_squares = total / d, values[i], 0.0
        for block in range(of_blocks.size):
            value = (of_blocks[block] - mean * size[block]) * root[block] * scale
            image[block] = value
            of_squares += value * value
        squared[i] = of_squares


@compiled
def _add_blocks(image, rows, columns, cells, sums):  # type: ignore[no-untyped-def]
    """Add up the blocks of all planes; the sum of squares."""
    above = np.empty(image.shape[2], dtype=np.int32)
    square = np.int64(0)
    for plane in range(len(image)):
        for block in range(rows.size - 1):
            above[:] = 0
            for y in range(rows[block], rows[block + 1]):
                square += _add_row(image[plane, y], above)
            _add_up(above, columns, sums[cells[plane], block])
    return square


@compiled
def _variation(total, squares, d):  # type: ignore[no-untyped-def]
    """What `exact.variation` gives."""
    near = np.int64(np.rint(total / d))
    off = total - d * near
    about = squares - near * (2 * off + d * near)
    return about - np.float64(off) * off / d


@compiled
def _add_row(row, columns):  # type: ignore[no-untyped-def]
    """Add a row to the sums of columns; the sum of its squares."""
    square = np.int64(0)
    for x in range(row.size):
        value = np.int32(row[x])
        columns[x] += value
        square += np.int64(value) * np.int64(value)
    return square


@compiled
def _add_up(above, columns, sums):  # type: ignore[no-untyped-def]
    """Add what is above to the sums, from one border of columns to the next."""
    for block in range(sums.size):
        total = np.int64(0)
        for x in range(columns[block], columns[block + 1]):
            total += above[x]
        sums[block] += total


@compiled
def _unit_rows(images, mean, scale, rows):  # type: ignore[no-untyped-def]
    for i in range(len(images)):
        image, row, its_mean, its_scale = images[i], rows[i], mean[i], scale[i]
        for x in range(image.size):
            row[x] = (image[x] - its_mean) * its_scale


@_compiled_in_any_order
def _grid_products(first, second, rows, columns, products):  # type: ignore[no-untyped-def]
    for p in range(rows.size):
        a, b = first[rows[p]], second[columns[p]]
        total = np.float32(0)
        for i in range(a.size):
            total += a[i] * b[i]
        products[p] = total


@compiled
def _byte_products(first, second, rows, columns, products):  # type: ignore[no-untyped-def]
    for p in range(rows.size):
        a, b = first[rows[p]], second[columns[p]]
        total = np.int64(0)
        for start in range(0, a.size, _CHUNK):
            total += _byte_product(a[start : start + _CHUNK], b[start : start + _CHUNK])
        products[p] = total


@compiled
def _byte_product(a, b):  # type: ignore[no-untyped-def]
    total = np.int32(0)
    for i in range(a.size):
        total = np.int32(total + np.int32(a[i]) * np.int32(b[i]))  # numba would go on in 64 bits
    return total


@compiled
def _wide_products(first, second, rows, columns, products):  # type: ignore[no-untyped-def]
    for p in range(rows.size):
        a, b = first[rows[p]], second[columns[p]]
        total = np.int64(0)
        for i in range(a.size):
            total += np.int64(a[i]) * np.int64(b[i])
        products[p] = total


@compiled
def _largest_columns(values, columns):  # type: ignore[no-untyped-def]
    best = np.empty(columns.shape[1], dtype=np.float32)
    for i in range(len(values)):
        best[:] = -np.inf
        columns[i] = -1
        for j in range(values.shape[1]):
            if values[i, j] > best[-1]:
                place = best.size - 1
                while place > 0 and values[i, j] > best[place - 1]:
                    best[place], columns[i, place] = best[place - 1], columns[i, place - 1]
                    place -= 1
                best[place], columns[i, place] = values[i, j], j


@compiled
def _count_reaching(values, least, counts):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        count = 0
        for j in range(values.shape[1]):
            count += values[i, j] >= least[i]
        counts[i] = count


@compiled
def _columns_reaching(values, least, begins, counts, columns):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        place, last = begins[i], begins[i] + counts[i]
        j = 0
        while place < last:
            if values[i, j] >= least[i]:
                columns[place] = j
                place += 1
            j += 1


@compiled
def _centres(images, which, n_lanes, least, mean, scale, off, squares):  # type: ignore[no-untyped-def]
    for q in range(which.size):
        image = images[which[q]]
        rough = _sum_about(image, 0.0, n_lanes) / image.size
        mean[q] = rough + _sum_about(image, rough, n_lanes) / image.size
        scale[q] = 1 / max(least, _farthest(image, mean[q], n_lanes))
        off[q], squares[q] = _moments(image, mean[q], scale[q], n_lanes)


@compiled
def _sum_about(image, mean, n_lanes):  # type: ignore[no-untyped-def]
    lanes = np.zeros(n_lanes)
    for start in range(0, image.size, n_lanes):
        part = image[start : start + n_lanes]
        for i in range(part.size):
            lanes[i] += np.float64(part[i]) - mean
    return _added_up(lanes)


@compiled
def _farthest(image, mean, n_lanes):  # type: ignore[no-untyped-def]
    lanes = np.zeros(n_lanes)
    for start in range(0, image.size, n_lanes):
        part = image[start : start + n_lanes]
        for i in range(part.size):
            lanes[i] = max(lanes[i], abs(np.float64(part[i]) - mean))
    return lanes.max()


@compiled
def _moments(image, mean, scale, n_lanes):  # type: ignore[no-untyped-def]
    sums, squares = np.zeros(n_lanes), np.zeros(n_lanes)
    for start in range(0, image.size, n_lanes):
        part = image[start : start + n_lanes]
        for i in range(part.size):
            value = (np.float64(part[i]) - mean) * scale
            sums[i] += value
            squares[i] += value * value
    return _added_up(sums), _added_up(squares)


@compiled
def _scaled_products(first, second, rows, columns, scaling, n_lanes, products):  # type: ignore[no-untyped-def]
    lanes = np.empty(n_lanes)
    for p in range(rows.size):
        a, b = first[rows[p]], second[columns[p]]
        mean_a, scale_a, mean_b, scale_b = scaling[p]
        lanes[:] = 0
        for start in range(0, a.size, n_lanes):
            part, other = a[start : start + n_lanes], b[start : start + n_lanes]
            for i in range(part.size):
                x = (np.float64(part[i]) - mean_a) * scale_a
                y = (np.float64(other[i]) - mean_b) * scale_b
                lanes[i] += x * y
        products[p] = _added_up(lanes)


@compiled
def _added_up(lanes):  # type: ignore[no-untyped-def]
    total = 0.0
    for lane in lanes:
        total += lane
    return total
