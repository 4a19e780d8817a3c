"""Are the images with the likest points those of a search through all points?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.encoders.keypoints import Keypoints
from doppelscan.search import many_points, words
from doppelscan.search.many_points import ManyPoints
from doppelscan.search.words import WordIndex, closest_images, nearest_words


def drawn(n_images: int, n_points: int, seed: int = 0) -> Keypoints:
    """Images with points that look like nothing in particular; image 1 has none."""
    rng = np.random.default_rng(seed)
    count = np.full(n_images, n_points)
    count[1:2] = 0
    descriptors = rng.integers(0, 90, (count.sum(), 128)).astype(np.uint8)
    place, frame = (rng.random((2, count.sum())) * (1 + 1j)).astype(np.complex64)
    return Keypoints(descriptors, place, frame, np.concatenate([[0], np.cumsum(count)]), (9, 9))


def brute_force(query: np.ndarray, points: Keypoints, left_out: set[int], k: int) -> list[tuple[int, int]]:
    """In plain loops: the k largest products with the points of different images."""
    best: dict[int, int] = {}
    for descriptor, image in zip(points.descriptors.astype(int), points.image.tolist(), strict=True):
        if image not in left_out:
            best[image] = max(best.get(image, 0), int((query.astype(int) * descriptor).sum()))
    return sorted(((product, image) for image, product in best.items()), reverse=True)[:k]


@pytest.mark.parametrize("points_a_word", [400, 5])
@pytest.mark.parametrize("groups", [np.array([0, 1, 2, 3, 4, 5]), np.array([0, 0, 1, 1, 2, 2])])
def test_the_closest_images_are_those_of_a_brute_force_where_all_words_are_probed(
    points_a_word: int, groups: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_POINTS_A_WORD", points_a_word)
    points, queries = drawn(6, 20), drawn(3, 8, seed=1).descriptors
    index = WordIndex.of(points)
    assert len(index.words) == max(1, 100 // points_a_word)
    own = np.arange(len(queries)) % 3
    found = closest_images(queries, own, index, groups, 4, probes=99)
    for i, query in enumerate(queries):
        left_out = set(np.flatnonzero(groups == own[i]).tolist())
        expected = brute_force(query, points, left_out, 4)
        assert found.products[i, : len(expected)].tolist() == [product for product, _ in expected]
        assert found.images[i, : len(expected)].tolist() == [image for _, image in expected]
        assert found.images[i, len(expected) :].tolist() == [-1] * (4 - len(expected))


def test_a_point_is_found_again_with_few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_POINTS_A_WORD", 10)
    points = drawn(20, 30)
    index = WordIndex.of(points)
    noisy = np.clip(
        points.descriptors.astype(int) + np.random.default_rng(2).integers(-9, 10, (570, 128)), 0, 255
    )
    found = closest_images(noisy.astype(np.uint8), np.full(570, -1), index, np.arange(20), 2, probes=4)
    assert (found.images[:, 0] == points.image).mean() > 0.95


def test_each_answer_is_the_same_alone_and_whatever_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_POINTS_A_WORD", 10)
    index, queries = WordIndex.of(drawn(9, 20)), drawn(5, 9, seed=3).descriptors
    none = np.full(len(queries), -1)
    whole = closest_images(queries, none, index, np.arange(9), 3)
    alone = closest_images(queries[7:8], none[:1], index, np.arange(9), 3)
    monkeypatch.setattr(words, "_ROWS", 5)
    stepped = closest_images(queries, none, index, np.arange(9), 3)
    np.testing.assert_array_equal(whole.images[7:8], alone.images)
    np.testing.assert_array_equal(whole.products[7:8], alone.products)
    np.testing.assert_array_equal(whole.images, stepped.images)


def test_every_point_is_in_the_index_once_and_indices_are_the_same_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "_POINTS_A_WORD", 10)
    points = drawn(9, 20)
    first, second = WordIndex.of(points), WordIndex.of(drawn(9, 20))
    np.testing.assert_array_equal(first.words, second.words)
    owner = dict(zip(map(bytes, points.descriptors), points.image.tolist(), strict=True))
    seen = []
    for word in range(len(first.words)):
        mine, images = first.of_word(word)
        assert (nearest_words(mine, first.words, 1)[:, 0] == word).all()
        assert [owner[bytes(descriptor)] for descriptor in mine] == images.tolist()
        np.testing.assert_array_equal(mine, second.of_word(word)[0])
        seen += list(map(bytes, mine))
    assert sorted(seen) == sorted(map(bytes, points.descriptors))


def test_an_index_in_a_file_is_that_in_memory_however_many_points_it_is_made_of_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "_POINTS_A_WORD", 10)
    points, told = drawn(9, 20), []
    held = WordIndex.of(points)
    monkeypatch.setattr(many_points, "_CHUNK", 7)
    parts = (points.part(start, start + 3) for start in (0, 3, 6))
    many = ManyPoints.of(parts, most=500, in_memory=False)
    filed = WordIndex.of(many, lambda *said: told.append(said))
    assert told[0] == ("sorting points", 0, 23)
    assert told[-1] == ("sorting points", 23, 23)
    assert (len(many), many.n_points) == (9, 160)
    np.testing.assert_array_equal(held.words, filed.words)
    for word in range(len(held.words)):
        for one, other in zip(held.of_word(word), filed.of_word(word), strict=True):
            np.testing.assert_array_equal(one, other)
    for image in range(9):
        own = points.of(image)
        np.testing.assert_array_equal(many.of_image(image).descriptors, points.descriptors[own])
        np.testing.assert_array_equal(many.of_image(image).place, points.place[own])
        np.testing.assert_array_equal(many.of_image(image).frame, points.frame[own])


def test_products_of_a_full_word_are_taken_in_smaller_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    index, queries = WordIndex.of(drawn(9, 20)), drawn(5, 9, seed=3).descriptors
    none = np.full(len(queries), -1)
    whole = closest_images(queries, none, index, np.arange(9), 3)
    sizes, keep = [], words._keep
    monkeypatch.setattr(words, "_keep", lambda *given: sizes.append(given[0].size) or keep(*given))
    monkeypatch.setattr(words, "_PRODUCTS", 400)
    stepped = closest_images(queries, none, index, np.arange(9), 3)
    assert max(sizes) <= 400
    assert len(sizes) > len(index.words)
    np.testing.assert_array_equal(whole.images, stepped.images)
    np.testing.assert_array_equal(whole.products, stepped.products)


def test_nearest_words_are_in_order_of_distance() -> None:
    rng = np.random.default_rng(0)
    descriptors, centres = (rng.integers(0, 255, (n, 128)).astype(np.uint8) for n in (30, 12))
    apart = ((descriptors[:, None].astype(int) - centres) ** 2).sum(axis=2)
    np.testing.assert_array_equal(
        nearest_words(descriptors, centres, 5), np.argsort(apart, axis=1, kind="stable")[:, :5]
    )


@pytest.mark.parametrize(("n_images", "n_points"), [(0, 0), (2, 0), (1, 1)])
def test_empty_sides_work(n_images: int, n_points: int) -> None:
    points = drawn(n_images, n_points)
    index = WordIndex.of(points)
    queries = np.full((2, 128), 9, dtype=np.uint8)
    found = closest_images(queries, np.full(2, -1), index, np.arange(n_images), 2)
    assert found.images.tolist() == [[0 if n_points else -1, -1]] * 2
    assert closest_images(
        queries[:0], np.empty(0, dtype=np.int64), index, np.arange(n_images), 2
    ).images.shape == (0, 2)
