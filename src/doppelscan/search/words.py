"""Which few images hold a point most like each point of a query? By words.

Points are sorted by the nearest of some typical ones, their word (an inverted file, as Jégou, Douze and Schmid, PAMI
2011); a query's point is compared only with those of its few nearest words. What is compared is compared exactly:
products of bytes that float32 holds without rounding. So the answer for a point depends on nothing but that point
and the references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from doppelscan.encoders.keypoints import Keypoints
from doppelscan.search.compiled import compiled
from doppelscan.seeds import stream

__all__ = ["BYTES_A_POINT", "Closest", "WordIndex", "closest_images"]

BYTES_A_POINT = 152  # descriptor, place, frame, and its place among the words
_POINTS_A_WORD = 400
_MOST_WORDS = 2048
_LESSONS_A_WORD = 32  # points that a word is learnt from
_ROUNDS = 5
_ROWS = 4096  # of one product
_LOOKED_UP = 512  # descriptors whose words are looked for at once: their products stay in cache


@dataclass(frozen=True, eq=False)
class WordIndex:
    """Points of references, and their order by word: those of word w are `order[begins[w] : begins[w + 1]]`."""

    points: Keypoints
    words: UInt8[np.ndarray, "w 128"]
    begins: Int64[np.ndarray, "w_and_1"]
    order: Int64[np.ndarray, "p"]

    @staticmethod
    def of(points: Keypoints) -> WordIndex:
        """The index of these points; its words are learnt from some of them, the same ones every time."""
        words = _learnt(points.descriptors)
        word = nearest_words(points.descriptors, words, 1)[:, 0]
        begins = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=len(words)))])
        return WordIndex(points, words, begins, np.argsort(word, kind="stable"))

    def of_word(self, word: int) -> tuple[UInt8[np.ndarray, "q 128"], Int64[np.ndarray, "q"]]:
        """The descriptors of its points, and the images that these are in."""
        points = self.order[self.begins[word] : self.begins[word + 1]]
        return self.points.descriptors[points], np.searchsorted(self.points.starts, points, side="right") - 1


@dataclass(frozen=True, eq=False)
class Closest:
    """For each point of the queries the images with the points most like it, best first, each image once.

    `images` is -1, and `products` 0, where there are no more.
    """

    images: Int64[np.ndarray, "p k"]
    products: Float32[np.ndarray, "p k"]


def closest_images(
    queries: UInt8[np.ndarray, "p 128"],
    own: Int64[np.ndarray, "p"],
    index: WordIndex,
    groups: Int64[np.ndarray, "n"],
    k: int,
    *,
    probes: int = 4,
) -> Closest:
    """The k images with points most like each query's, among the points of its `probes` nearest words.

    Images whose group is the point's `own` are left out.
    """
    found = Closest(
        np.full((len(queries), k), -1, dtype=np.int64), np.zeros((len(queries), k), dtype=np.float32)
    )
    probed = nearest_words(queries, index.words, probes)
    order = np.argsort(probed.ravel(), kind="stable") // probed.shape[1]
    begins = np.searchsorted(np.sort(probed.ravel()), np.arange(len(index.words) + 1))
    for word in range(len(index.words)):
        if begins[word] == begins[word + 1]:
            continue
        descriptors, images = index.of_word(word)
        theirs = descriptors.astype(np.float32).T
        for rows in _steps(order[begins[word] : begins[word + 1]], _ROWS):
            products = queries[rows].astype(np.float32) @ theirs
            _keep(products, rows, own[rows], images, groups[images], found.images, found.products)
    return found


def nearest_words(
    descriptors: UInt8[np.ndarray, "p 128"], words: UInt8[np.ndarray, "w 128"], k: int
) -> Int64[np.ndarray, "p k"]:
    """The k words nearest each descriptor, nearest first; fewer where there are fewer words."""
    found = np.empty((len(descriptors), min(k, len(words))), dtype=np.int64)
    centres = words.astype(np.float32)
    half_square = (centres * centres).sum(axis=1) / 2
    for start in range(0, len(descriptors), _LOOKED_UP):
        rows = slice(start, start + _LOOKED_UP)
        closeness = descriptors[rows].astype(np.float32) @ centres.T
        _first_k(closeness, half_square, found[rows])
    return found


def _learnt(descriptors: UInt8[np.ndarray, "p 128"]) -> UInt8[np.ndarray, "w 128"]:
    """Typical descriptors, by a few rounds of k-means; at least one, of whatever look."""
    if not len(descriptors):
        return np.zeros((1, descriptors.shape[1]), dtype=np.uint8)
    n_words = min(max(1, len(descriptors) // _POINTS_A_WORD), _MOST_WORDS)
    drawn = stream(0, "words").permutation(len(descriptors))[: n_words * _LESSONS_A_WORD]
    lessons = descriptors[np.sort(drawn)]
    words = lessons[:: max(1, len(lessons) // n_words)][:n_words]
    for _ in range(_ROUNDS if n_words > 1 else 0):
        word = nearest_words(lessons, words, 1)[:, 0]
        words = _means(lessons, word, words)
    return words


def _means(
    lessons: UInt8[np.ndarray, "l 128"], word: Int64[np.ndarray, "l"], words: UInt8[np.ndarray, "w 128"]
) -> UInt8[np.ndarray, "w 128"]:
    """The mean of each word's lessons, in bytes; a word without lessons stays as it is."""
    order = np.argsort(word, kind="stable")
    used, first, count = np.unique(word[order], return_index=True, return_counts=True)
    means = words.copy()
    if len(used):
        sums = np.add.reduceat(lessons[order].astype(np.int64), first, axis=0)
        means[used] = np.rint(sums / count[:, None]).astype(np.uint8)
    return means


def _steps(rows: Int64[np.ndarray, "r"], size: int) -> Iterator[Int64[np.ndarray, "s"]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


@compiled
def _first_k(values, less, found):  # type: ignore[no-untyped-def]
    """The columns of the k largest values of each row, less those of `less`; the lower column first among equals."""
    k = found.shape[1]
    best = np.empty(k, dtype=values.dtype)
    for row in range(len(values)):
        best[:] = -np.inf
        for column in range(values.shape[1]):
            value = values[row, column] - less[column]
            if value <= best[k - 1]:
                continue
            at = k - 1
            while at > 0 and value > best[at - 1]:
                best[at], found[row, at] = best[at - 1], found[row, at - 1]
                at -= 1
            best[at], found[row, at] = value, column


@compiled
def _keep(products, rows, own, images, groups, kept_images, kept):  # type: ignore[no-untyped-def]
    """Put each product among the k largest kept of its row, if it belongs there, one an image."""
    k = kept.shape[1]
    for i in range(len(products)):
        best, owner = kept[rows[i]], kept_images[rows[i]]
        for j in range(products.shape[1]):
            value = products[i, j]
            if value <= best[k - 1] or own[i] == groups[j]:
                continue
            at = k - 1
            for seat in range(k):
                if owner[seat] == images[j]:
                    at = seat
                    break
            if value <= best[at]:
                continue
            while at > 0 and value > best[at - 1]:
                best[at], owner[at] = best[at - 1], owner[at - 1]
                at -= 1
            best[at], owner[at] = value, images[j]
