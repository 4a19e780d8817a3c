"""Is the search made coarse where that pays, and left alone where it does not?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.search import ArrayBlocks, choosing, nearest
from doppelscan.search.bands import Bands
from doppelscan.search.choosing import bands_for
from doppelscan.search.plan import Plan
from doppelscan.settings import Resources

from .oracle import assert_is_nearest
from .sets import Watched
from .test_banded import smooth

AMPLE = Resources(memory=2**28, workers=1, device="cpu")


def chosen(queries: np.ndarray, references: np.ndarray, exclude: tuple | None = None) -> Bands | None:
    sides = ArrayBlocks(queries), ArrayBlocks(references)
    return bands_for(*sides, exclude, Plan.of(AMPLE, *sides))


@pytest.fixture
def every_search_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "WORTH_A_LOOK", 0)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return smooth(1500, side=96)


def test_small_searches_are_not_sampled() -> None:
    queries, references = Watched(smooth(10)), Watched(smooth(20))
    assert bands_for(queries, references, None, Plan.of(AMPLE, ArrayBlocks(smooth(10)))) is None
    assert queries.reads == references.reads == []


@pytest.mark.usefixtures("every_search_is_worth_a_look")
def test_smooth_images_get_few_coarse_numbers(images: np.ndarray) -> None:
    bands = chosen(images[:500], images[500:])
    assert bands is not None
    assert bands.k == 32


@pytest.mark.usefixtures("every_search_is_worth_a_look")
def test_noise_is_left_to_the_plain_product() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 1, 32, 32), dtype=np.uint8)
    assert chosen(noise[:300], noise[300:]) is None


@pytest.mark.usefixtures("every_search_is_worth_a_look")
def test_an_image_itself_does_not_count_where_its_group_is_left_out() -> None:
    """A copy in the sample would promise that nothing else survives."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 1, 32, 32), dtype=np.uint8)
    groups = np.arange(90)
    assert chosen(noise, noise) is not None
    assert chosen(noise, noise, (groups, groups)) is None


@pytest.mark.usefixtures("every_search_is_worth_a_look")
@pytest.mark.parametrize(("m", "n"), [(1, 1), (9, 1), (1, 40), (3, 41)])
def test_the_smallest_sets_and_constant_images_can_be_sampled(m: int, n: int) -> None:
    queries, references = smooth(m), smooth(n)
    queries[0] = 7
    groups = np.zeros(m, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if n < 40:  # too few to learn anything from
        assert chosen(queries, references) is None
    assert chosen(queries, references, groups) is None  # no pair counts, so that nothing can be ruled out


@pytest.mark.usefixtures("every_search_is_worth_a_look")
def test_a_search_with_bands_of_its_own_choice_is_exact(images: np.ndarray) -> None:
    queries, references = images[:300], images[300:]
    found = nearest(queries, references, 2, resources=AMPLE)
    truth = np.corrcoef(images.reshape(len(images), -1))[:300, 300:]
    assert_is_nearest(found.indices, found.scores, truth, 2)


def test_of_references_that_do_not_fit_a_sample_is_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "WORTH_A_LOOK", 0)
    references = Watched(smooth(2000, side=16))
    resources = Resources(memory=5 * 2000 * 16 * 16, workers=1, device="cpu")
    nearest(smooth(50, side=16), references, resources=resources)
    sample = references.reads[1:101]
    assert all(stop - start == 8 for start, stop in sample)
    assert sum(stop - start for start, stop in references.reads[101:]) == 2000
