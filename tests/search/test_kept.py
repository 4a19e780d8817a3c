"""References that are kept from one search to the next give what fresh ones give, and are read once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.search import Among, ArrayBlocks, Kept, nearest
from doppelscan.settings import Resources

from .sets import Watched, two_sets
from .test_banded import forced

SMALL = Resources(memory=64 * 8 * 9, workers=1, device="cpu")
AMPLE = Resources(memory=2**28, workers=1, device="cpu")


@pytest.fixture(params=["by product", "by bands"])
def _path(request: pytest.FixtureRequest) -> Iterator[None]:
    with forced(3, "bands") if request.param == "by bands" else nullcontext():
        yield


def films(n: int, seed: int) -> np.ndarray:
    """Smooth images, whose bands pay."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(n, 1, 4, 4)).repeat(8, axis=2).repeat(8, axis=3)
    return (100 + 30 * coarse + rng.normal(size=coarse.shape)).clip(0, 255).astype(np.uint8)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 5), resources=st.sampled_from([SMALL, AMPLE]))
def test_a_second_search_finds_what_a_first_one_does(
    sets: tuple[np.ndarray, np.ndarray], k: int, resources: Resources
) -> None:
    queries, references = sets
    kept = Kept(ArrayBlocks(references))
    nearest(references, kept, resources=resources)
    again, fresh = (nearest(queries, r, k, resources=resources) for r in (kept, references))
    np.testing.assert_array_equal(again.indices, fresh.indices)
    np.testing.assert_array_equal(again.scores, fresh.scores)


@pytest.mark.usefixtures("_path")
@pytest.mark.parametrize("positions", [[0], [3, 4, 5], [1, 7, 30, 59], list(range(0, 60, 5))])
@pytest.mark.parametrize("resources", [SMALL, AMPLE])
def test_queries_among_the_references_are_found_as_any_others(
    positions: list[int], resources: Resources
) -> None:
    references = films(60, seed=1)
    kept, where = Kept(ArrayBlocks(references)), np.array(positions)
    groups = where // 3, np.arange(60) // 3
    asked = Among(kept, where, ArrayBlocks(references[where]))
    among = nearest(asked, kept, 2, exclude=groups, resources=resources)
    fresh = nearest(references[where], references, 2, exclude=groups, resources=resources)
    np.testing.assert_array_equal(among.indices, fresh.indices)
    np.testing.assert_array_equal(among.scores, fresh.scores)


@pytest.mark.usefixtures("_path")
def test_references_that_fit_are_read_once_for_all_searches() -> None:
    references = Watched(films(60, seed=1))
    kept = Kept(references)
    for seed in (2, 3):
        nearest(films(20, seed), kept, resources=AMPLE)
    nearest(Among(kept, np.arange(60), references), kept, resources=AMPLE)
    assert references.reads.count((0, 60)) == 1
    assert set(references.reads) == {(0, 60), (0, 1)}  # the one image tells shape and type


def test_references_that_do_not_fit_stream() -> None:
    references = Watched(films(60, seed=1))
    nearest(films(5, 2), Kept(references), resources=SMALL)
    assert max(stop - start for start, stop in references.reads) < 10
