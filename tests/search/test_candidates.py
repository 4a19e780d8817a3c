"""Does the search in all poses give what a brute force over all poses gives, whichever way it takes?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.search import banded, choosing, nearest, poses_of, symmetry
from doppelscan.search.bounds import product_error
from doppelscan.search.candidates import Candidates, turned_once
from doppelscan.search.symmetry import Symmetry
from doppelscan.settings import Resources
from realdata import real_data

from .oracle import assert_is_nearest_in_pose, correlations_in_poses
from .sets import TINY, cut_for, two_sets
from .test_banded import AMPLE, SMALL, WAYS, forced, scored, smooth

KINDS = ["flips", "flips and turns"]
ANY_WAY = ["plain", *WAYS]


def found_by(way: str, sets: tuple[np.ndarray, np.ndarray], k: int, coarse: int = 3, **given: object):
    """The neighbours by the plain product, or by bands made to take one way."""
    if way == "plain":
        return nearest(*sets, k, **given)
    with forced(coarse, way):
        return nearest(*sets, k, **given)


@settings(deadline=None, max_examples=60)
@given(
    sets=two_sets(),
    k=st.integers(1, 8),
    coarse=st.integers(1, 20),
    way=st.sampled_from(ANY_WAY),
    kind=st.sampled_from(KINDS),
    resources=st.sampled_from([TINY, SMALL, AMPLE]),
)
def test_neighbours_in_all_poses_are_those_of_a_brute_force(
    sets: tuple[np.ndarray, np.ndarray], k: int, coarse: int, way: str, kind: str, resources: Resources
) -> None:
    sets = cut_for(resources, sets)
    truth = correlations_in_poses(*sets, poses_of(kind, sets[0].shape[1:]))
    found = found_by(way, sets, k, coarse, symmetries=kind, resources=resources)
    assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, k)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 4), data=st.data(), way=st.sampled_from(ANY_WAY))
def test_pairs_of_one_group_are_left_out_in_every_pose(
    sets: tuple[np.ndarray, np.ndarray], k: int, data: st.DataObject, way: str
) -> None:
    groups = tuple(
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(s), max_size=len(s))), dtype=np.int64)
        for s in sets
    )
    truth = correlations_in_poses(*sets, poses_of("flips and turns", sets[0].shape[1:]))
    found = found_by(way, sets, k, exclude=groups, symmetries="flips and turns", resources=AMPLE)
    truth[:, groups[0][:, None] == groups[1]] = np.nan
    assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, k)


@pytest.mark.parametrize("way", ANY_WAY)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 15, 22), (1, 8, 8, 8)])
def test_a_copy_is_found_in_whatever_pose_it_is(way: str, dtype: type, shape: tuple[int, ...]) -> None:
    references = np.random.default_rng(0).integers(0, 255, (60, *shape)).astype(dtype)
    poses = poses_of("flips and turns", shape)
    posed = [pose.of(references[p % 60]) for p, pose in enumerate(poses)]
    found = found_by(way, (np.stack(posed), references), 1, 8, symmetries="flips and turns", resources=AMPLE)
    assert found.indices[:, 0].tolist() == [p % 60 for p in range(len(poses))]
    np.testing.assert_allclose(found.scores, 1, atol=1e-12)
    for query, pose, index in zip(posed, found.poses[:, 0], found.indices[:, 0], strict=True):
        np.testing.assert_array_equal(poses[pose].of(query), references[index])


@pytest.mark.parametrize("way", ANY_WAY)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_of_poses_that_look_alike_the_lowest_is_named(way: str, dtype: type) -> None:
    """Images that are their own mirror images, along either axis or both, or turned."""
    images = smooth(40, side=16).astype(dtype)
    sides = [images[:10], images[10:20] // 2 + images[10:20, ..., ::-1] // 2]
    sides.append(images[20:30] // 2 + images[20:30, :, ::-1] // 2)
    sides.append(images[30:] // 2 + images[30:].swapaxes(2, 3) // 2)
    queries = np.concatenate(sides)
    found = found_by(way, (queries, images), 5, symmetries="flips and turns", resources=AMPLE)
    truth = correlations_in_poses(queries, images, poses_of("flips and turns", (1, 16, 16)))
    assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, 5)
    assert set(found.poses[10:20].ravel()) <= {
        0,
        1,
        4,
        6,
    }  # flips of what is its own mirror image are no news
    assert set(found.poses[20:30].ravel()) <= {0, 2, 4, 5}
    assert found.poses[30:].max() < 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_and_every_size_of_blocks_gives_the_same_bytes(kind: str) -> None:
    images = smooth(36, side=24)
    images[7] = 3
    sets = images[:12], images[12:]
    plain = found_by("plain", sets, 4, symmetries=kind, resources=AMPLE)
    for way in ANY_WAY:
        for resources in (Resources(memory=2**18, workers=1, device="cpu"), AMPLE):
            found = found_by(way, sets, 4, symmetries=kind, resources=resources)
            for name in ("indices", "scores", "poses"):
                np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))


def test_without_symmetries_every_pose_is_as_it_is() -> None:
    images = smooth(30, side=16)
    found = nearest(images[:10], images[10:], 3, resources=AMPLE)
    assert found.poses.shape == (10, 3)
    assert not found.poses.any()


@pytest.mark.parametrize("way", ["plain", "bands"])
def test_the_products_may_miss_by_their_whole_bound(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer must not depend on luck: each of the four parts misses by a fourth of the bound."""
    images, rng = smooth(60, side=32), np.random.default_rng(0)

    def worst(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        error = product_error(1024 if way == "plain" else 5, CPU, n_folds=2) / 4
        missed = 0.99 * error * rng.choice([-1.0, 1.0], (len(a), len(b)))
        return (a.double() @ b.double().T + torch.from_numpy(missed)).float()

    monkeypatch.setattr(symmetry, "rough_correlations", worst)
    truth = correlations_in_poses(images[:20], images[20:], poses_of("flips", (1, 32, 32)))
    found = found_by(way, (images[:20], images[20:]), 5, symmetries="flips", resources=AMPLE)
    assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, 5)


CPU = torch.device("cpu")


def test_few_pairs_of_smooth_images_are_scored_in_few_poses(monkeypatch: pytest.MonkeyPatch) -> None:
    images = smooth(400)
    told = scored(monkeypatch)
    found = found_by(
        "as it costs", (images[:15], images[50:]), 1, 24, symmetries="flips and turns", resources=AMPLE
    )
    assert sum(told) < 12 * 15
    truth = correlations_in_poses(images[:15], images[50:], poses_of("flips and turns", (1, 64, 64)))
    assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_bands_are_chosen_for_smooth_images_and_found_exact(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "WORTH_A_LOOK", 0)
    images = smooth(700, side=96)
    told: list[bool] = []
    monkeypatch.setattr(banded, "reaching", lambda *given: told.append(True) or reaching(*given))
    found = nearest(images[:60], images[60:], 2, symmetries=kind, resources=AMPLE)
    assert told
    monkeypatch.setattr(choosing, "WORTH_A_LOOK", np.inf)
    plain = nearest(images[:60], images[60:], 2, symmetries=kind, resources=AMPLE)
    for name in ("indices", "scores", "poses"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))


reaching = banded.reaching


@pytest.mark.parametrize("size", [1, 2, 100])
def test_each_query_is_turned_once_in_each_pose(size: int) -> None:
    images, of = np.arange(2 * 9).reshape(2, 1, 3, 3), Symmetry.of("flips", (1, 3, 3))
    candidates = Candidates(*np.array([[1, 0, 1, 1, 0], [5, 6, 7, 8, 9], [2, 0, 2, 0, 3]]))
    met, n_turned = [], 0
    for which, turned, place in turned_once(images, candidates, of, size):
        assert len(turned) <= size
        n_turned += len(turned)
        for i, at in zip(which, place, strict=True):
            met.append(int(i))
            expected = of.poses[candidates.poses[i]].of(images[candidates.rows[i]])
            np.testing.assert_array_equal(turned[at], expected)
    assert sorted(met) == list(range(5))
    assert n_turned == 4


def test_candidates_without_others_are_those_that_differ_in_something() -> None:
    mine = Candidates(*np.array([[0, 0, 0, 1], [2, 2, 3, 2], [0, 1, 0, 0]]))
    left = mine.without(Candidates(*np.array([[0, 1, 5], [2, 2, 9], [0, 7, 0]])))
    assert (left.rows.tolist(), left.columns.tolist(), left.poses.tolist()) == (
        [0, 0, 1],
        [2, 3, 2],
        [1, 0, 0],
    )


def test_mirrored_real_films_are_found() -> None:
    from PIL import Image as PILImage

    files = sorted(real_data("chest_xray_64").rglob("*.png"))[:150]
    images = np.stack([np.asarray(PILImage.open(file).convert("L"))[None] for file in files])
    queries = images[:30, ..., ::-1].copy()
    truth = correlations_in_poses(queries, images, poses_of("flips and turns", images.shape[1:]))
    for way in ANY_WAY:
        found = found_by(way, (queries, images), 2, 64, symmetries="flips and turns", resources=AMPLE)
        assert (found.scores[:, 0] == 1).all()
        assert_is_nearest_in_pose(found.indices, found.scores, found.poses, truth, 2)
