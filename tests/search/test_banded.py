"""Does the search by bands give what a brute force in float64 gives, whichever way it is made to take?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.search import Blocks, Groups, banded, kept, nearest, pairs_above, symmetry
from doppelscan.search.bands import Bands, averages, block_side, coarse_error
from doppelscan.search.candidates import Candidates, scores_of
from doppelscan.search.plan import Plan
from doppelscan.settings import Resources

from .oracle import assert_is_nearest, correlations
from .sets import TINY, cut_for, two_sets

SMALL = Resources(memory=64 * 8 * 9, workers=1, device="cpu")
AMPLE = Resources(memory=2**28, workers=1, device="cpu")
WAYS = {"bands": 0.0, "given up": 1e9, "as it costs": banded.COST_OF_A_PAIR}


@contextmanager
def forced(k: int, way: str) -> Iterator[None]:
    """Every search by k coarse numbers: to the end, given up for the plain product, or as the cost has it."""

    def bands_for(
        queries: Blocks, references: Blocks, exclude: Groups | None, plan: Plan, *, least: float | None = None
    ) -> Bands:
        side = block_side(plan.shape)
        learnt = averages(references.read(0, 16), side)
        return Bands.learnt(learnt.values, side, k, plan.symmetry, plan.device)

    with pytest.MonkeyPatch.context() as patch:
        for module in (kept, sys.modules[pairs_above.__module__]):
            patch.setattr(module, "bands_for", bands_for)
        patch.setattr(banded, "COST_OF_A_PAIR", WAYS[way])
        yield


@settings(deadline=None, max_examples=60)
@given(
    sets=two_sets(),
    k=st.integers(1, 8),
    coarse=st.integers(1, 20),
    way=st.sampled_from(list(WAYS)),
    resources=st.sampled_from([TINY, SMALL, AMPLE]),
)
def test_neighbours_are_those_of_a_brute_force(
    sets: tuple[np.ndarray, np.ndarray], k: int, coarse: int, way: str, resources: Resources
) -> None:
    sets = cut_for(resources, sets)
    with forced(coarse, way):
        found = nearest(*sets, k, resources=resources)
    assert_is_nearest(found.indices, found.scores, correlations(*sets), k)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 4), way=st.sampled_from(list(WAYS)))
def test_every_way_gives_the_same_bytes_as_the_plain_product(
    sets: tuple[np.ndarray, np.ndarray], k: int, way: str
) -> None:
    plain = nearest(*sets, k, resources=AMPLE)
    with forced(3, way):
        found = nearest(*sets, k, resources=AMPLE)
    np.testing.assert_array_equal(found.indices, plain.indices)
    np.testing.assert_array_equal(found.scores, plain.scores)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 4), data=st.data(), way=st.sampled_from(list(WAYS)))
def test_pairs_of_one_group_are_left_out(
    sets: tuple[np.ndarray, np.ndarray], k: int, data: st.DataObject, way: str
) -> None:
    groups = tuple(
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(s), max_size=len(s))), dtype=np.int64)
        for s in sets
    )
    with forced(4, way):
        found = nearest(*sets, k, exclude=groups, resources=data.draw(st.sampled_from([SMALL, AMPLE])))
    truth = np.where(groups[0][:, None] == groups[1], np.nan, correlations(*sets))
    assert_is_nearest(found.indices, found.scores, truth, k)


@settings(deadline=None, max_examples=40)
@given(
    sets=two_sets(),
    threshold=st.floats(-1, 1),
    way=st.sampled_from(list(WAYS)),
    resources=st.sampled_from([TINY, SMALL, AMPLE]),
)
def test_pairs_above_a_threshold_are_those_of_the_plain_product(
    sets: tuple[np.ndarray, np.ndarray], threshold: float, way: str, resources: Resources
) -> None:
    images = cut_for(resources, sets)[1]
    plain = pairs_above(images, threshold, resources=resources)
    with forced(3, way):
        found = pairs_above(images, threshold, resources=resources)
    for name in ("first", "second", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))


def smooth(n: int, side: int = 64) -> np.ndarray:
    """Images with strongly decaying spectra, as films have: a few waves and a little noise."""
    rng = np.random.default_rng(n)
    y, x = np.mgrid[:side, :side] / side
    waves = np.stack([np.cos(np.pi * (i * y + j * x)) / (1 + i + j) for i in range(4) for j in range(4)])
    images = np.tensordot(rng.normal(size=(n, 16)), waves, 1) + 0.02 * rng.normal(size=(n, side, side))
    return (128 + 40 * images).clip(0, 255).astype(np.uint8)[:, None]


def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pairs each call scores exactly."""
    told: list[int] = []

    def counting(candidates: Candidates, *images_and_how: Any) -> np.ndarray:
        told.append(len(candidates))
        return scores_of(candidates, *images_and_how)

    monkeypatch.setattr(banded, "scores_of", counting)
    return told


def test_of_smooth_images_few_pairs_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    images = smooth(600)
    told = scored(monkeypatch)
    with forced(12, "as it costs"):
        found = nearest(images[:30], images[100:], resources=AMPLE)
    assert sum(told) < 10 * 30
    assert_is_nearest(found.indices, found.scores, correlations(images[:30], images[100:]), 1)


def test_of_noise_all_is_left_to_the_plain_product(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 1, 64, 64), dtype=np.uint8)
    told = scored(monkeypatch)
    with forced(12, "as it costs"):
        found = nearest(images[:40], images[40:], resources=AMPLE)
    assert told == [40 * 4]
    assert_is_nearest(found.indices, found.scores, correlations(images[:40], images[40:]), 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_copies_among_many_alike_are_found(dtype: type) -> None:
    references = (smooth(300).astype(np.int32) * (1 if dtype == np.uint8 else 100)).astype(dtype)
    queries = references[::7].copy()
    with forced(12, "bands"):
        found = nearest(queries, references, 2, resources=AMPLE)
    assert found.indices[:, 0].tolist() == list(range(0, 300, 7))
    assert (found.scores[:, 0] == 1).all()


def test_equally_distant_references_are_all_weighed() -> None:
    """Of one image with two pixels moved, wherever they are: all correlate alike, to the last bit."""
    query = smooth(1)[0]
    query[0, :32] = 10
    references = np.repeat(query[None], 40, axis=0)
    for i in range(40):
        references[i, 0, i // 8, i % 8] = 11
    shuffled = references[::-1].copy()
    for way in WAYS:
        with forced(5, way):
            found = nearest(query[None], shuffled, 40, resources=AMPLE)
        assert len(set(found.scores[0].tolist())) == 1
        assert found.indices[0].tolist() == list(range(40))


def test_the_products_may_miss_by_their_whole_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer must not depend on luck: replace every product by the lowest that its bound allows."""
    images = smooth(80)

    def lowest(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a.double() @ b.double().T - 0.9 * coarse_error(a.shape[1], a.device)).float()

    monkeypatch.setattr(symmetry, "rough_correlations", lowest)
    with forced(12, "bands"):
        found = nearest(images[:20], images[20:], 5, resources=AMPLE)
    assert_is_nearest(found.indices, found.scores, correlations(images[:20], images[20:]), 5)
