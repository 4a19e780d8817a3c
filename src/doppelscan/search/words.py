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
from doppelscan.search.many_points import ManyPoints
from doppelscan.seeds import stream
from doppelscan.store import Rows
from doppelscan.workers import Progress, counted, silent

__all__ = ["BYTES_A_POINT", "Closest", "WordIndex", "closest_images"]

BYTES_A_POINT = 278  # as it is found, and again by its word
_POINTS_A_WORD = 400
_MOST_WORDS = 2048
_LESSONS_A_WORD = 32  # points that a word is learnt from
_ROUNDS = 5
_ROWS, _PRODUCTS = 4096, 2**24  # of one step, at most
_LOOKED_UP = 512  # descriptors whose words are looked for at once: their products stay in cache


@dataclass(frozen=True, eq=False)
class WordIndex:
    """Points of references, and again by word: those of word w are the rows from `begins[w]` to `begins[w + 1]`."""

    points: ManyPoints
    words: UInt8[np.ndarray, "w 128"]
    begins: Int64[np.ndarray, "w_and_1"]
    descriptors: Rows
    images: Rows

    @staticmethod
    def of(points: Keypoints | ManyPoints, progress: Progress = silent) -> WordIndex:
        """The index of these points; its words are learnt from some of them, the same ones every time.

        It is in memory, or in a file, as they are. Progress counts chunks of points.
        """
        if isinstance(points, Keypoints):
            points = ManyPoints.of([points], len(points.place))
        words = _learnt(points)
        word = Rows.of((points.n_points,), np.uint16, in_memory=points.in_memory)
        count = np.zeros(len(words), dtype=np.int64)
        for start, descriptors in counted(points.chunks(), "sorting points", points.n_chunks, progress):
            nearest = nearest_words(descriptors, words, 1)[:, 0]
            word.write(start, nearest.astype(np.uint16))
            count += np.bincount(nearest, minlength=len(words))
        begins = np.concatenate([[0], np.cumsum(count)])
        index = WordIndex(
            points,
            words,
            begins,
            Rows.of((points.n_points, 128), np.uint8, in_memory=points.in_memory),
            Rows.of((points.n_points,), np.int32, in_memory=points.in_memory),
        )
        index._sort(word)
        return index

    def of_word(self, word: int) -> tuple[UInt8[np.ndarray, "q 128"], Int64[np.ndarray, "q"]]:
        """The descriptors of its points, and the images that these are in."""
        start, stop = self.begins[word : word + 2].tolist()
        return self.descriptors.read(start, stop), self.images.read(start, stop).astype(np.int64)

    def _sort(self, word: Rows) -> None:
        """Put the points in the order of their words, those of one word as they come."""
        at = self.begins[:-1].copy()
        for start, descriptors in self.points.chunks():
            stop = start + len(descriptors)
            of_chunk, images = word.read(start, stop), self.points.image(start, stop).astype(np.int32)
            order = np.argsort(of_chunk, kind="stable")
            count = np.bincount(of_chunk, minlength=len(at))
            end = np.cumsum(count)
            for own in np.flatnonzero(count):
                rows = order[end[own] - count[own] : end[own]]
                self.descriptors.write(int(at[own]), descriptors[rows])
                self.images.write(int(at[own]), images[rows])
            at += count


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
        size = max(1, min(_ROWS, _PRODUCTS // max(1, len(images))))
        for rows in _steps(order[begins[word] : begins[word + 1]], size):
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


def _learnt(points: ManyPoints) -> UInt8[np.ndarray, "w 128"]:
    """Typical descriptors, by a few rounds of k-means; at least one, of whatever look."""
    n = points.n_points
    if not n:
        return np.zeros((1, 128), dtype=np.uint8)
    n_words = min(max(1, n // _POINTS_A_WORD), _MOST_WORDS)
    drawn = np.sort(stream(0, "words").permutation(n)[: n_words * _LESSONS_A_WORD])
    lessons = np.concatenate(
        [
            descriptors[drawn[slice(*np.searchsorted(drawn, [start, start + len(descriptors)]))] - start]
            for start, descriptors in points.chunks()
        ]
    )
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
