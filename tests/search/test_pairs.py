"""Are all pairs above a threshold found, and no others?"""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from doppelscan.errors import InputError
from doppelscan.search import Pairs, pairs_above
from doppelscan.search.bounds import product_error
from doppelscan.settings import Resources
from realdata import real_data

from .oracle import correlations
from .sets import Watched, two_sets

SMALL = Resources(memory=64 * 8 * 9, workers=1, device="cpu")
AMPLE = Resources(memory=2**28, workers=1, device="cpu")


def assert_are_pairs_above(found: Pairs, truth: np.ndarray, threshold: float) -> None:
    """Check pairs against the table of all correlations; those within 1e-10 of the threshold may go either way."""
    first, second = np.nonzero(np.triu(truth > threshold + 1e-10, 1))
    expected, told = set(zip(first, second, strict=True)), list(zip(found.first, found.second, strict=True))
    assert told == sorted(set(told))
    assert expected <= set(told)
    assert (found.first < found.second).all()
    assert (found.scores >= threshold).all()
    np.testing.assert_allclose(found.scores, truth[found.first, found.second], atol=1e-10, rtol=0)


@settings(deadline=None, max_examples=40)
@given(two_sets(), st.floats(-1, 1), st.sampled_from([SMALL, AMPLE]))
def test_pairs_are_those_of_a_brute_force(
    sets: tuple[np.ndarray, np.ndarray], threshold: float, resources: Resources
) -> None:
    images = sets[1]
    found = pairs_above(images, threshold, resources=resources)
    assert_are_pairs_above(found, correlations(images, images), threshold)


@settings(deadline=None, max_examples=20)
@given(two_sets(), st.sampled_from([0.5, 0.999, 1.0]))
def test_small_blocks_give_what_one_block_gives(
    sets: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    images = sets[1]
    whole, parts = (pairs_above(images, threshold, resources=r) for r in (AMPLE, SMALL))
    for name in ("first", "second", "scores"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_a_threshold_splits_pairs_that_float32_cannot_tell_apart() -> None:
    rng = np.random.default_rng(0)
    image, noise = rng.normal(size=(2, 1, 64, 64))
    strength = np.linspace(1e-5, 3e-5, 50)
    images = np.concatenate([image[None], image + strength[:, None, None, None] * noise])
    truth = correlations(images[:1], images[1:])[0]
    found = pairs_above(images, (truth[24] + truth[25]) / 2, resources=AMPLE)
    assert found.second[found.first == 0].tolist() == list(range(1, 26))


def test_the_float32_product_may_miss_by_its_whole_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer must not depend on luck: replace the product by the lowest that its bound allows."""

    def lowest(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a.double() @ b.double().T - 0.99 * product_error(3000, a.device)).float()

    rng = np.random.default_rng(0)
    images = rng.normal(size=(1, 1, 1, 3000)) + 0.01 * rng.normal(size=(20, 1, 1, 3000))
    truth = correlations(images, images)
    threshold = float(np.median(truth))
    assert (np.abs(truth - threshold) < product_error(3000, torch.device("cpu"))).mean() > 0.5
    monkeypatch.setattr(sys.modules[pairs_above.__module__], "rough_correlations", lowest)
    assert_are_pairs_above(pairs_above(images, threshold, resources=AMPLE), truth, threshold)


def test_only_the_images_asked_about_are_paired() -> None:
    images = np.tile(np.random.default_rng(0).normal(size=(1, 1, 4, 4)), (5, 1, 1, 1))
    found = pairs_above(images, 0.9, among=np.array([1, 0, 1, 0, 1], dtype=bool), resources=SMALL)
    assert list(zip(found.first, found.second, strict=True)) == [(0, 2), (0, 4), (2, 4)]
    assert (found.scores == 1).all()


def test_reads_are_bounded_and_progress_adds_up_to_all_pairs() -> None:
    told: list[int] = []
    images = Watched(np.random.default_rng(0).integers(0, 255, (60, 1, 16, 16)).astype(np.uint8))
    resources = Resources(memory=8 * 10 * 256 * 5, workers=1, device="cpu")
    pairs_above(images, 0.9, resources=resources, progress=told.append)
    assert max(stop - start for start, stop in images.reads) == 10
    assert sum(told) == 60 * 59 // 2


@pytest.mark.parametrize("n", [0, 1])
def test_no_image_and_one_image_make_no_pair(n: int) -> None:
    assert len(pairs_above(np.zeros((n, 1, 2, 2)), 0.5).scores) == 0


@pytest.mark.parametrize("threshold", [1.001, np.nan])
def test_a_threshold_that_nothing_can_reach_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold: no correlation reaches"):
        pairs_above(np.zeros((2, 1, 2, 2)), threshold)


def test_real_films_have_the_pairs_of_a_brute_force() -> None:
    files = sorted(real_data("chest_xray_64").rglob("*.png"))[:200]
    images = np.stack([np.asarray(PILImage.open(file).convert("L"))[None] for file in files])
    found = pairs_above(images, 0.9, resources=Resources(memory=2**22, workers=1, device="cpu"))
    assert_are_pairs_above(found, np.corrcoef(images.reshape(200, -1).astype(np.float64)), 0.9)
    assert len(found.scores) > 0
