"""How do synthetic images lie among real ones? Nearest real images, distances to what they were made from, a map."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from doppelscan.estimates import Estimate
from doppelscan.findings.utility import NEAREST, Parents
from doppelscan.images.montage import picture, png, shrunk
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.utility.cells import REAL, View

__all__ = ["Laid", "embedding_table", "laid_out", "nearest_table", "parents"]

_SHOWN = 400  # images of each arm
_DRAWS = 400
_PICTURED = 6  # images of each arm
_SIDE = 256  # pixels of a picture

Vectors = Float64[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Laid:
    """Granted images and what was made for them, their vectors standardised by those of the granted ones."""

    granted: ImageSet
    vectors: Vectors
    made: Mapping[str, tuple[ImageSet, Float64[np.ndarray, "_ d"]]]


def laid_out(granted: ImageSet, made: Mapping[str, ImageSet], sight: View) -> Laid:
    """The sets in one space, at most 400 images of each arm, as `sight` sees them."""
    vectors = sight.of(granted)
    mean, spread = vectors.mean(axis=0, dtype=np.float64), vectors.std(axis=0, dtype=np.float64)
    scale = 1 / (np.where(spread > 0, spread, np.inf) * math.sqrt(vectors.shape[1]))
    some = {}
    for arm, images in made.items():
        rows = np.sort(stream(0, "utility embedding", arm).permutation(len(images))[:_SHOWN])
        shown = images.take(rows)
        some[arm] = shown, (sight.of(shown) - mean) * scale
    return Laid(granted, (vectors - mean) * scale, some)


def embedding_table(laid: Laid) -> pd.DataFrame:
    """A row for each granted image and for at most 400 of each arm."""
    axes = _principal(laid.vectors)
    parts = [_rows(REAL, laid.granted, laid.vectors @ axes)]
    for arm, (images, vectors) in laid.made.items():
        apart = _distances(vectors, laid.vectors)
        nearest = apart.argmin(axis=1)
        part = _rows(arm, images, vectors @ axes).assign(
            nearest_id=laid.granted.table["id"].to_numpy()[nearest],
            distance=apart[np.arange(len(apart)), nearest],
        )
        source, to_source = _to_source(laid, images, apart)
        parts.append(part.assign(source_id=np.array(source, dtype=object), source_distance=to_source))
    return pd.concat(parts, ignore_index=True)


def nearest_table(laid: Laid, arms: Collection[str]) -> pd.DataFrame:
    """Pictures of the images of these arms that lie nearest to a granted one; a row for each of at most six an arm."""
    rows = [row for arm in laid.made if arm in arms for row in _nearest_of(laid, arm)]
    return pd.DataFrame(rows, columns=NEAREST.names)


def parents(laid: Laid) -> Iterator[Parents]:
    """How near the images of each arm lie to the granted ones, beside pairs at random and pairs of real images."""
    labels = laid.granted.table["label"].to_numpy()
    between = _to_other_patients(laid.vectors, laid.granted.patients)
    for arm, (images, vectors) in laid.made.items():
        if not len(images):
            continue
        apart = _distances(vectors, laid.vectors)
        same = images.table["label"].to_numpy()[:, None] == labels
        _, to_source = _to_source(laid, images, apart)
        yield Parents(
            arm,
            len(images),
            nearest=_median(apart.min(axis=1)),
            to_source=_median(to_source[np.isfinite(to_source)]),
            at_random=_median(_one_each(apart, same)),
            real_to_real=_median(between[np.isfinite(between)]),
        )


def _nearest_of(laid: Laid, arm: str) -> Iterator[tuple[str | float | bytes, ...]]:
    images, vectors = laid.made[arm]
    apart = _distances(vectors, laid.vectors)
    for row in np.argsort(apart.min(axis=1), kind="stable")[:_PICTURED].tolist():
        yield (arm, *_named(images, row), *_nearest(laid, apart[row]), _picture(images, row))


def _named(images: ImageSet, row: int) -> tuple[str, str]:
    one = images.table.iloc[row]
    return str(one["id"]), str(one["label"])


def _nearest(laid: Laid, apart: Float64[np.ndarray, " m"]) -> tuple[str, float]:
    place = int(apart.argmin())
    return str(laid.granted.table["id"].iloc[place]), float(apart[place])


def _picture(images: ImageSet, row: int) -> bytes:
    image = images[row]
    return png(shrunk(picture(image.pixels, spacing_mm=image.spacing_mm), _SIDE))


def _rows(arm: str, images: ImageSet, at: Float64[np.ndarray, "n 2"]) -> pd.DataFrame:
    table = {"arm": arm, "id": images.table["id"].to_numpy(), "label": images.table["label"].to_numpy()}
    empty = {"nearest_id": None, "distance": np.nan, "source_id": None, "source_distance": np.nan}
    return pd.DataFrame(table | {"x": at[:, 0], "y": at[:, 1]} | empty)


def _principal(vectors: Vectors) -> Float64[np.ndarray, "d 2"]:
    """The two directions along which real images differ most, their signs fixed by their largest part."""
    axes = np.zeros((vectors.shape[1], 2))
    found = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2][:2].T
    found = found * np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    axes[:, : found.shape[1]] = found
    return axes


def _distances(a: Vectors, b: Float64[np.ndarray, "m d"]) -> Float64[np.ndarray, "n m"]:
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def _to_other_patients(vectors: Vectors, patients: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """From each image to the nearest of another patient; infinite where there is none."""
    nearest = []
    for start in range(0, len(vectors), _SHOWN):
        part = slice(start, start + _SHOWN)
        apart = _distances(vectors[part], vectors)
        apart[patients[part, None] == patients] = np.inf
        nearest.append(apart.min(axis=1))
    return np.concatenate(nearest)


def _to_source(
    laid: Laid, images: ImageSet, apart: Float64[np.ndarray, "n m"]
) -> tuple[list[str | None], Float64[np.ndarray, " n"]]:
    if "source_id" not in images.table:
        return [None] * len(images), np.full(len(images), np.nan)
    place = {name: row for row, name in enumerate(laid.granted.table["id"])}
    sources = [source if source in place else None for source in images.table["source_id"]]
    return sources, np.array([apart[n, place[s]] if s else np.nan for n, s in enumerate(sources)], np.float64)


def _one_each(apart: Float64[np.ndarray, "n m"], allowed: np.ndarray) -> Float64[np.ndarray, " n"]:
    """For each row one of the distances that are allowed."""
    rng = stream(0, "utility pairs at random")
    rows = [np.flatnonzero(mine) for mine in allowed]
    return np.array([apart[n, rng.choice(mine)] for n, mine in enumerate(rows) if len(mine)], np.float64)


def _median(values: Float64[np.ndarray, " n"]) -> Estimate:
    """The median of images, with its bootstrap interval; unknown of none."""
    if not len(values):
        return Estimate(math.nan, 0.0, math.inf, 0)
    rng = stream(0, "utility medians")
    drawn = np.median(values[rng.integers(0, len(values), (_DRAWS, len(values)))], axis=1)
    value, (low, high) = float(np.median(values)), np.quantile(drawn, [0.025, 0.975]).tolist()
    return Estimate(value, min(low, value), max(high, value), len(values))
