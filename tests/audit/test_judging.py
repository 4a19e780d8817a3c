"""Candidates are judged once aligned: by what spaces name, and by points that also say where to begin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cohorts import films, pixels_of
from doppelscan.audit.judging import Judge, _from_the_centre
from doppelscan.audit.matching import References
from doppelscan.audit.spaces import PIXELS
from doppelscan.audit.verdicts import SAME_PIXELS
from doppelscan.search import ArrayBlocks, Neighbours
from doppelscan.settings import Resources
from doppelscan.workers import silent

RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
RNG = np.random.default_rng(0)
PIXELS_OF_TRAIN = np.stack(
    [127 + 400 * ndimage.gaussian_filter(RNG.normal(size=(1, 96, 96)), (0, 3, 3)) for _ in range(30)]
).astype(np.uint8)


def named(m: int, *columns: list[int]) -> Neighbours:
    """Candidates of m queries; -1 is nobody."""
    indices = np.array(columns, dtype=np.int64).T.reshape(m, -1)
    return Neighbours(indices, np.where(indices < 0, np.nan, 0.5), np.zeros_like(indices))


def judged(queries: np.ndarray, *found: Neighbours, k: int = 1) -> Neighbours:
    return Judge(n_candidates=2).judged(
        ArrayBlocks(queries),
        ArrayBlocks(PIXELS_OF_TRAIN),
        found,
        k,
        exclude=None,
        resources=RESOURCES,
        progress=silent,
    )


def moved(image: np.ndarray, degrees: float) -> np.ndarray:
    return ndimage.rotate(image, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")


def test_a_turned_copy_agrees_with_its_source_and_with_no_other() -> None:
    copies = np.stack([moved(PIXELS_OF_TRAIN[i], 8.0) for i in (3, 11)])
    found = judged(copies, named(2, [3, 4], [5, 11]), named(2, [3, 6], [-1, 7]), k=3)
    assert found.indices[:, 0].tolist() == [3, 11]
    assert (found.scores[:, 0] > 0.95).all()
    assert (found.scores[:, 1] < found.scores[:, 0] - 0.1).all()


def test_points_name_what_no_space_does_and_say_where_to_begin() -> None:
    copies = np.stack([np.rot90(PIXELS_OF_TRAIN[i], axes=(1, 2)) for i in (8, 20)])
    found = judged(np.ascontiguousarray(copies), named(2, [-1, -1]))
    assert found.indices[:, 0].tolist() == [8, 20]
    assert (found.scores[:, 0] > 0.9).all()


def test_nobody_agrees_where_nobody_is_named() -> None:
    flat = np.full((1, 1, 96, 96), 9, dtype=np.uint8)
    found = judged(flat, named(1, [-1]))
    assert found.indices.tolist() == [[-1]]
    assert np.isnan(found.scores).all()


def test_volumes_are_judged_without_points() -> None:
    rng = np.random.default_rng(0)
    volumes = ndimage.gaussian_filter(rng.normal(size=(6, 1, 16, 16, 16)), (0, 0, 2, 2, 2)).astype(np.float32)
    found = Judge().judged(
        ArrayBlocks(volumes[:2, :, ::-1].copy()),
        ArrayBlocks(volumes),
        [named(2, [0, 1], [4, 5])],
        1,
        exclude=None,
        resources=RESOURCES,
        progress=silent,
    )
    assert found.indices[:, 0].tolist() == [0, 1]


@pytest.mark.parametrize("space", [(96, 96), (40, 100)])
def test_a_map_of_pixels_is_the_same_map_from_the_centre(space: tuple[int, int]) -> None:
    transform = np.array([[[0.8, -0.6, 5.0], [0.6, 0.8, -2.0]]])
    matrix, offset = _from_the_centre(transform, space)
    x, y = 7.0, 11.0
    there = transform[0, :, :2] @ (x, y) + transform[0, :, 2]
    centre, half = (np.array(space) - 1) / 2, max(space) / 2
    position = (np.array([y, x]) - centre) / half
    np.testing.assert_allclose(matrix[0] @ position + offset[0], (there[::-1] - centre) / half, atol=1e-6)


def test_references_with_a_judge_leave_out_the_patient_s_own_images() -> None:
    both = films(15, each=2, side=96)
    references = References(both, None, RESOURCES, silent, spaces=(PIXELS,), judge=Judge(n_candidates=2))
    own = references.patients(both)
    matched = references.match(both.take([0, 7]), "test", train_exclude=(own[[0, 7]], own))
    assert not np.isin(own[matched.best], own[[0, 7]]).any()
    itself = references.match(ArrayBlocks(pixels_of(both)[[0, 7]]), "test")
    assert itself.best.tolist() == [0, 7]
    assert (itself.score > SAME_PIXELS).all()
