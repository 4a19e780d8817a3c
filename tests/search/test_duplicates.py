"""Are images that are there twice found, grouped and told apart as exact and near?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from doppelscan.search import find_duplicates
from doppelscan.settings import Resources
from realdata import real_data

from .oracle import correlations
from .sets import two_sets

SMALL = Resources(memory=64 * 8 * 9, workers=1, device="cpu")
AMPLE = Resources(memory=2**28, workers=1, device="cpu")


def grouped(linked: np.ndarray) -> list[int]:
    """The first image that each is linked to, by following links until nothing changes."""
    head = list(range(len(linked)))
    for _ in head:
        head = [min([head[i], *(head[j] for j in np.flatnonzero(linked[i]))]) for i in range(len(head))]
    return head


@settings(deadline=None, max_examples=50)
@given(two_sets(), st.sampled_from([0.5, 0.999]), st.sampled_from([SMALL, AMPLE]))
def test_groups_are_those_of_a_brute_force(
    sets: tuple[np.ndarray, np.ndarray], threshold: float, resources: Resources
) -> None:
    images = np.concatenate(sets)
    found = find_duplicates(images, threshold, resources=resources)
    content = np.array([image.tobytes().hex() for image in images], dtype=object)
    same = content[:, None] == content
    assert found.group.tolist() == grouped(same | (correlations(images, images) >= threshold))
    assert found.exact.tolist() == [bool(same[i, j]) for i, j in zip(found.first, found.second, strict=True)]


def test_exact_and_near_duplicates_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.integers(0, 4000, (3, 1, 20, 20)).astype(np.uint16)
    noisy = (a + rng.integers(0, 9, a.shape)).astype(np.uint16)
    found = find_duplicates(np.stack([b, a, c, a, noisy, a]), resources=AMPLE)
    pairs = list(zip(found.first, found.second, found.exact, strict=True))
    assert pairs == [(1, 3, True), (1, 4, False), (1, 5, True)]
    assert found.scores[[0, 2]].tolist() == [1, 1]
    assert 0.999 < found.scores[1] < 1
    assert found.group.tolist() == [0, 1, 2, 1, 1, 1]
    assert found.keep.tolist() == [True, True, True, False, False, False]
    assert found.groups == ((1, 3, 4, 5),)


def test_identical_constant_images_are_exact_duplicates_without_a_score() -> None:
    images = np.zeros((5, 1, 4, 4), dtype=np.uint8)
    images[3] = 1
    images[4, 0, 0, 0] = 1
    found = find_duplicates(images, resources=AMPLE)
    assert list(zip(found.first, found.second, found.exact, strict=True)) == [(0, 1, True), (0, 2, True)]
    assert np.isnan(found.scores).all()
    assert found.groups == ((0, 1, 2),)


def test_links_carry_over_steps_and_the_first_image_stays() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1, 100, 100))
    images = np.stack(
        [np.cos(t) * a + np.sin(t) * b for t in (0.08, 0.0, 1.5, 0.04)]
    )  # 0.04 apart: r = 0.9992
    found = find_duplicates(images, resources=AMPLE)
    assert list(zip(found.first, found.second, strict=True)) == [(0, 3), (1, 3)]
    assert found.groups == ((0, 1, 3),)
    assert not found.exact.any()


def test_many_identical_images_make_one_pair_each_and_not_one_for_every_two() -> None:
    images = np.tile(np.random.default_rng(0).normal(size=(1, 1, 3, 3)), (300, 1, 1, 1))
    found = find_duplicates(images, resources=AMPLE)
    assert found.first.tolist() == [0] * 299
    assert found.second.tolist() == list(range(1, 300))


@pytest.mark.parametrize("n", [0, 1])
def test_no_image_and_one_image_have_no_duplicates(n: int) -> None:
    found = find_duplicates(np.ones((n, 1, 3, 3)))
    assert found.groups == ()
    assert found.keep.all()
    assert len(found.keep) == n


def test_progress_adds_up_to_all_pairs() -> None:
    told: list[int] = []
    find_duplicates(np.random.default_rng(0).normal(size=(9, 1, 3, 3)), resources=SMALL, progress=told.append)
    assert sum(told) == 36


def test_byte_identical_real_films_are_found_with_their_names() -> None:
    folder = real_data("chest_xray")
    files = sorted((p for p in folder.rglob("*.jp*g")), key=lambda p: p.stat().st_size)
    sizes = Counter(file.stat().st_size for file in files)
    files = [file for file in files if sizes[file.stat().st_size] > 1][:200]
    images = np.stack([np.asarray(PILImage.open(file).convert("L"))[None] for file in files])
    found = find_duplicates(images, resources=AMPLE)
    exact = {
        (files[i].read_bytes(), files[j].read_bytes())
        for i, j in zip(found.first[found.exact], found.second[found.exact], strict=True)
    }
    n_identical = len(files) - len({file.read_bytes() for file in files})
    assert sum(a == b for a, b in exact) >= 1
    assert found.exact.sum() == n_identical >= 1
