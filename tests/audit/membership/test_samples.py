"""Distances and densities are what plain loops say, and copies are seen by both."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit.membership.samples import Density, by_distance
from doppelscan.audit.spaces import PIXELS
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import silent

QUIET = {"resources": Resources(2**28, 1, "cpu"), "progress": silent}


def loop_correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


def test_the_distance_is_the_margin_of_the_nearest_sample_over_the_nearest_real_image() -> None:
    synthetic, reference, asked = films(9, first=50), films(7, first=70), films(4)
    score = by_distance(synthetic, reference, PIXELS, **QUIET)(asked)
    for i, image in enumerate(pixels_of(asked)):
        near, ordinary = (
            max(math.atanh(loop_correlation(image, other)) for other in pixels_of(images))
            for images in (synthetic, reference)
        )
        assert score[i] == pytest.approx(near - ordinary)


def test_a_copied_image_is_nearest_and_a_constant_one_has_no_distance() -> None:
    train = films(6)
    score = by_distance(
        joined(noisy_copies(train, [2]), pixels_of(train)[4:5]), films(9, first=40), PIXELS, **QUIET
    )
    found = score(train)
    assert set(np.argsort(-found)[:2]) == {2, 4}
    assert np.isfinite(found).all()  # even of the very same pixels
    constant = ImageSet.from_arrays(np.full((1, 1, 20, 20), 9, np.uint8))
    assert np.isnan(score(constant)).all()


def test_the_density_is_a_sum_of_normal_kernels() -> None:
    chance = stream(0, "vectors")
    synthetic, reference, asked = (chance.normal(size=(n, 3)) for n in (15, 8, 5))
    found = Density.of(synthetic, reference)
    both = np.concatenate([synthetic, reference])
    np.testing.assert_allclose(
        np.cov(((both - found.mean) @ found.directions).T, bias=True), np.eye(3), atol=1e-9
    )

    def log_density(place: np.ndarray, around: np.ndarray) -> float:
        width = len(around) ** (-1 / 7)
        total = sum(math.exp(-sum((place - one) ** 2) / (2 * width**2)) / width**3 for one in around)
        return math.log(total / len(around))

    for vector, score in zip(asked, found.score(asked), strict=True):
        place = (vector - found.mean) @ found.directions
        assert score == pytest.approx(
            log_density(place, found.synthetic) - log_density(place, found.reference)
        )


def test_density_is_larger_where_samples_gather() -> None:
    chance = stream(1, "vectors")
    reference = chance.normal(size=(60, 20))
    members = chance.normal(size=(10, 20))
    density = Density.of(np.repeat(members, 6, axis=0) + 0.1 * chance.normal(size=(60, 20)), reference)
    assert density.score(members).min() > density.score(chance.normal(size=(10, 20))).max()


@pytest.mark.parametrize("vectors", [np.ones((5, 4)), np.zeros((1, 4))], ids=["constant", "one"])
def test_vectors_without_a_direction_have_a_ratio_of_one(vectors: np.ndarray) -> None:
    assert Density.of(vectors, vectors).score(vectors) == pytest.approx(0)
