"""Ways to find copies: each scores queries against training images and names the most similar one.

To add one: write a function as below, and name it in METHODS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import fft, ndimage

from copying.sets import Cohort
from doppelscan.audit import AuditSettings
from doppelscan.audit.learning import learnt
from doppelscan.audit.matching import References
from doppelscan.audit.spaces import Encoded, Space
from doppelscan.audit.witnesses import Correlated
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.pretrained import pretrained
from doppelscan.images.geometry import resize
from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks, nearest
from doppelscan.settings import Resources
from doppelscan.workers import silent

Found = tuple[np.ndarray, np.ndarray]  # of each query: how like a training image it is, and which
Method = Callable[[Cohort, np.ndarray], Found]

CANDIDATES = 20  # training images that SSIM looks at, the most correlated ones
BLOCK = 256
QUICK, STANDARD = ContrastiveSettings(effort="quick"), ContrastiveSettings(effort="standard")
DAR = ContrastiveSettings(preset="dar", epochs=10)
SMALL = 64


def pearson(images: Cohort, queries: np.ndarray) -> Found:
    """The largest correlation of pixels (paper A)."""
    found = nearest(queries, images.train)
    return found.scores[:, 0], found.indices[:, 0]


def pearson_flips(images: Cohort, queries: np.ndarray) -> Found:
    """The same, of the query or its mirror image."""
    mirrored = np.ascontiguousarray(np.flip(queries, 3 if queries.ndim == 4 else 2))
    as_is, flipped = pearson(images, queries), pearson(images, mirrored)
    better = flipped[0] > as_is[0]
    return np.where(better, flipped[0], as_is[0]), np.where(better, flipped[1], as_is[1])


def ssim(images: Cohort, queries: np.ndarray) -> Found:
    """The largest structural similarity (Wang et al. 2004) at 64 pixels a side, of the most correlated ones."""
    candidates = nearest(queries, images.train, CANDIDATES).indices
    x, y = _small(queries, 64), _small(images.train, 64)
    similar = np.stack([_ssim(x[i], y[candidates[i]]) for i in range(len(x))])
    best = similar.argmax(axis=1)
    every = np.arange(len(x))
    return similar[every, best], candidates[every, best]


def perceptual_hash(images: Cohort, queries: np.ndarray) -> Found:
    """The largest share of equal bits of DCT hashes: 64 low frequencies, above their median or not."""
    y = _hash(images.train)
    return _best_of_blocks(_hash(queries), lambda x: x @ y.T / 64)


def tiled_l2(images: Cohort, queries: np.ndarray) -> Found:
    """The smallest distance, where that of two images is the largest of their tiles' (Carlini et al. 2023)."""
    y = _tiles(_small(images.train, 64))
    return _best_of_blocks(_small(queries, 64), lambda x: -_tiled_distance(_tiles(x), y))


def contrastive(images: Cohort, queries: np.ndarray) -> Found:
    """The largest correlation of vectors from an encoder trained on the training images alone, for a minute."""
    return _matched(images, queries, _encoder(images))


def contrastive_standard(images: Cohort, queries: np.ndarray) -> Found:
    """The same, trained for longer, as audits do unless asked otherwise."""
    return _matched(images, queries, _encoder(images, STANDARD))


def dar(images: Cohort, queries: np.ndarray) -> Found:
    """The same, the encoder and its augmentation being paper B's, at a scale that a processor can train.

    It sees at most 64 pixels for 10 epochs, in place of 512 for 200, and begins at random, not with ImageNet's weights.
    """
    settings = replace(DAR, side=min(SMALL, max(images.train.shape[2:])))
    return _matched(images, queries, _encoder(images, settings))


def by_encoder(name: str) -> Method:
    """The same, of a published encoder, which has seen none of the images: a TorchScript file or a folder."""

    def published(images: Cohort, queries: np.ndarray) -> Found:
        return _matched(images, queries, Encoded(pretrained(name), learnt=False))

    return published


def registered(images: Cohort, queries: np.ndarray, effort: Literal["quick", "thorough"] = "quick") -> Found:
    """The statistic that an audit by `registered` rests on: the margins of all kinds of evidence."""
    train, held = _set(images.train, images.train_patient), _set(images.compared)
    references = References(train, held, Resources(), silent)
    settings = AuditSettings(method="registered", effort=effort)
    found = learnt(references, frozenset(), settings).match(ArrayBlocks(queries), "benchmark")
    return np.nan_to_num(found.statistic, nan=-np.inf), found.best


BASELINES: dict[str, Method] = {
    "Pearson": pearson,
    "Pearson, flips": pearson_flips,
    "SSIM": ssim,
    "hash": perceptual_hash,
    "tiled L2": tiled_l2,
}
METHODS: dict[str, Method] = BASELINES | {
    "dar": dar,
    "contrastive": contrastive,
    "contrastive, standard": contrastive_standard,
    "registered": registered,
    "registered, thorough": partial(registered, effort="thorough"),
}


def _encoder(images: Cohort, settings: ContrastiveSettings = QUICK) -> Encoded:
    return Encoded(fitted(_set(images.train, images.train_patient), settings), learnt=True)


def _set(pixels: np.ndarray, patient: np.ndarray | None = None) -> ImageSet:
    named = np.arange(len(pixels)) if patient is None else patient
    return ImageSet.from_arrays(pixels, pd.DataFrame({"patient": named.astype(str)}))


def _matched(images: Cohort, queries: np.ndarray, space: Space) -> Found:
    witnesses = (Correlated(space),)
    references = References(_set(images.train), None, Resources(), silent, witnesses=witnesses)
    found = references.match(ArrayBlocks(queries), "benchmark")
    return np.nan_to_num(found.score, nan=-1.0), found.best


def _best_of_blocks(queries: np.ndarray, similarity: Callable[[np.ndarray], np.ndarray]) -> Found:
    blocks = [similarity(queries[start : start + BLOCK]) for start in range(0, len(queries), BLOCK)]
    return np.concatenate([b.max(axis=1) for b in blocks]), np.concatenate([b.argmax(axis=1) for b in blocks])


def _small(images: np.ndarray, side: int) -> np.ndarray:
    """The images in float32 with sides of at most so many pixels."""
    space = [min(side, length) for length in images.shape[2:]]
    return np.stack([resize(image.astype(np.float32), space) for image in images])


def _ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of one image with several: the mean over windows of 7 pixels a side."""
    axes = tuple(range(2, y.ndim))
    mean = lambda values: ndimage.uniform_filter(values, 7, axes=axes)  # noqa: E731 - a symbol of the paper
    x = x[None]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    similar = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return similar.reshape(len(y), -1).mean(axis=1)


def _hash(images: np.ndarray) -> np.ndarray:
    """64 bits of each image as 1 and 0, so arranged that a product of two counts equal ones."""
    n_axes = images.ndim - 2
    grey = _small(images.mean(axis=1, keepdims=True), 32)[:, 0]
    low = fft.dctn(grey, axes=tuple(range(1, n_axes + 1)))
    low = low[(slice(None), *[slice(round(64 ** (1 / n_axes)))] * n_axes)].reshape(len(images), -1)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True)
    return np.hstack([bits, ~bits]).astype(np.float32)


def _tiles(images: np.ndarray) -> np.ndarray:
    """(tiles, n, values): each axis in four, what is left over dropped; values in 0 to 1."""
    n, n_axes = len(images), images.ndim - 2
    sides = [length // 4 for length in images.shape[2:]]
    cut = images[(slice(None), slice(None), *(slice(4 * side) for side in sides))] / 255
    split = cut.reshape(n, -1, *(length for side in sides for length in (4, side)))
    places = [2 + 2 * axis for axis in range(n_axes)]
    return np.moveaxis(split, places, range(n_axes)).reshape(4**n_axes, n, -1).copy()


def _tiled_distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(queries, training images): the largest root mean square difference of a tile."""
    worst = 0
    for a, b in zip(x, y, strict=True):
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        worst = np.maximum(worst, squares)
    return np.sqrt(np.maximum(worst, 0) / x.shape[2])
