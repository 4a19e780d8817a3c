"""Each pair is aligned alike, to the last bit, whatever company it comes in."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy import ndimage

from doppelscan.errors import InputError
from doppelscan.registration import Alignment, AlignmentSettings, align, local_agreement, pairing
from doppelscan.registration.pairing import Pairing
from doppelscan.search import ArrayBlocks

FEW = AlignmentSettings(first_steps=1, coarse_steps=1, affine_steps=1, bending_steps=2, n_starts=1)
SHAPES = [(1, 40, 40), (3, 37, 21), (1, 15, 13, 11), (2, 9, 12, 1)]


def textures(n: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(n, *shape))
    return ndimage.gaussian_filter(noise, (0, 0) + (2.0,) * (len(shape) - 1)).astype(np.float32)


def pairs_of(n: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Images, and the same mirrored and with something of other images in them."""
    images = textures(n, shape)
    return images, np.flip(images, -1) + textures(n, shape, seed=1) / 2


def assert_identical(found: Alignment, expected: Alignment) -> None:
    for field in fields(Alignment):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pair_alone_is_aligned_as_among_others(shape: tuple[int, ...]) -> None:
    moving, fixed = pairs_of(9, shape)
    together = align(moving, fixed, settings=FEW)
    assert np.abs(together.controls).max() > 0
    for i in (1, 6):
        assert_identical(align(moving[i : i + 1], fixed[i : i + 1], settings=FEW), together.take([i]))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_pairs_does_not_matter(shape: tuple[int, ...]) -> None:
    moving, fixed = pairs_of(9, shape)
    together = align(moving, fixed, settings=FEW)
    rows = np.array([4, 8, 7, 1, 1, 0, 6])
    assert_identical(align(moving, fixed, pairs=(rows, rows), settings=FEW), together.take(rows))


@pytest.mark.parametrize("shape", [(1, 37, 21), (1, 15, 13, 11)])
def test_the_size_of_chunks_and_of_reads_does_not_matter(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    moving, fixed = pairs_of(9, shape)
    together = align(moving, fixed, settings=FEW)
    monkeypatch.setattr(pairing, "_PAIRS_AT_ONCE", {"cpu": 4})
    monkeypatch.setattr(pairing, "_READ_AT_ONCE", 2 * 8 * moving[0].size)
    told: list[int] = []
    assert_identical(align(moving, fixed, settings=FEW, progress=told.append), together)
    assert told == [4, 4, 1]


def test_local_agreement_is_the_same_in_any_company() -> None:
    moving, fixed = pairs_of(9, (1, 37, 21))
    found = align(moving, fixed, settings=FEW)
    rows = np.array([5, 2])
    picked = local_agreement(moving, fixed, found.take(rows), pairs=(rows, rows))
    np.testing.assert_array_equal(picked, local_agreement(moving, fixed, found)[rows])


def test_pairs_name_positions_on_either_side() -> None:
    images = textures(4, (1, 32, 24))
    first, second = np.array([3, 0, 2]), np.array([3, 1, 2])
    found = align(images, images, pairs=(first, second), settings=FEW)
    assert (found.score > 0.95).tolist() == [True, False, True]


def test_chunks_hold_every_pair_once_and_repeat_the_last() -> None:
    moving = textures(70, (1, 16, 12))
    paired = Pairing.of(moving, moving, None, AlignmentSettings(), "cpu")
    chunks = list(paired.chunks())
    assert np.concatenate([chunk.rows[: len(chunk)] for chunk in chunks]).tolist() == list(range(70))
    assert len({chunk.paired.fixed.shape for chunk in chunks}) == 1
    assert set(chunks[-1].rows[len(chunks[-1]) :]) == {69}


class Recorded(ArrayBlocks):
    """Blocks that refuse to be read at once."""

    def read(self, start: int, stop: int) -> np.ndarray:
        assert stop - start <= 2, "more is read than fits"
        return super().read(start, stop)


def test_images_are_read_a_few_at_a_time_and_only_where_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    images = textures(6, (1, 16, 12))
    images[4:] = np.nan  # in no pair
    monkeypatch.setattr(pairing, "_READ_AT_ONCE", 2 * 8 * images[0].size)
    rows = np.array([3, 0])
    found = align(Recorded(images), Recorded(images), pairs=(rows, rows), settings=FEW)
    np.testing.assert_allclose(found.score, 1, atol=1e-5)


@pytest.mark.parametrize(
    ("moving", "fixed", "pairs", "said"),
    [
        ((2, 1, 8, 9), (2, 1, 9, 8), None, "prepare them alike"),
        ((2, 3, 8, 9), (2, 1, 8, 9), None, "prepare them alike"),
        ((2, 1, 9), (2, 1, 9), None, "neither 2D nor 3D"),
        ((2, 1, 0, 9), (2, 1, 0, 9), None, "neither 2D nor 3D"),
        ((2, 1, 8, 9), (3, 1, 8, 9), None, "2 moving and 3 fixed"),
        ((2, 1, 8, 9), (3, 1, 8, 9), ([2], [2]), "among 2 images"),
        ((2, 1, 8, 9), (3, 1, 8, 9), ([0], [-1]), "among 3 images"),
    ],
)
def test_images_and_pairs_that_do_not_fit_are_refused(
    moving: tuple[int, ...], fixed: tuple[int, ...], pairs: tuple[list[int], list[int]] | None, said: str
) -> None:
    sides = ArrayBlocks(np.zeros(moving)), ArrayBlocks(np.zeros(fixed))
    positions = None if pairs is None else (np.array(pairs[0]), np.array(pairs[1]))
    with pytest.raises(InputError, match=said):
        Pairing.of(*sides, positions, AlignmentSettings(), "cpu")
