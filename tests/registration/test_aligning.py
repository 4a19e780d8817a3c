"""Two images of one scene are brought onto each other, whatever was done to one; others are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from doppelscan.errors import InputError
from doppelscan.imagesets import open_images
from doppelscan.registration import AlignmentSettings, align, coarse, local_agreement
from realdata import real_data
from registration.pictures import moved, smooth, turn

MIRROR = np.diag([1.0, -1.0])
FEW = AlignmentSettings(side=24, coarse_steps=4, affine_steps=2, bending_steps=2, n_controls=4)


def test_an_image_aligns_with_itself_by_the_identity() -> None:
    images = smooth(3, (48, 64))
    found = align(images, images)
    assert found.score.min() > 0.999
    assert (found.overlap == 1).all()
    np.testing.assert_allclose(found.matrix, np.broadcast_to(np.eye(2), (3, 2, 2)), atol=1e-4)
    np.testing.assert_allclose(found.controls, 0, atol=1e-4)


@pytest.mark.parametrize(
    ("matrix", "offset"),
    [
        (MIRROR, (0, 0)),
        (turn(14), (0, 0)),
        (turn(-9) @ MIRROR / 1.15, (0.1, -0.06)),
        (np.eye(2) * 1.2, (0, 0.08)),
    ],
    ids=["mirrored", "turned", "mirrored, turned, enlarged and moved", "shrunk and moved"],
)
def test_the_map_is_found_and_brings_the_images_onto_each_other(
    matrix: np.ndarray, offset: tuple[float, float]
) -> None:
    scenes = smooth(4, (80, 96), seed=1, sigma=5)
    copies = moved(scenes, matrix, np.array(offset))
    found = align(scenes, copies)
    assert found.score.min() > 0.97
    np.testing.assert_allclose(found.matrix, np.broadcast_to(matrix, (4, 2, 2)), atol=0.06)
    np.testing.assert_allclose(found.offset, np.broadcast_to(offset, (4, 2)), atol=0.04)
    difference = np.abs(found.warped(scenes) - copies)[:, 0][found.inside(copies.shape[2:])]
    assert np.median(difference) < 4
    strangers = align(smooth(4, (80, 96), seed=2, sigma=5), copies)
    assert strangers.score.max() < found.score.min()


def test_a_bend_is_followed() -> None:
    scenes = smooth(2, (64, 64), sigma=4)
    rows, columns = np.indices((64, 64))
    bent = columns + 2.5 * np.sin(2 * np.pi * rows / 64)
    copies = scenes[:, :, rows, np.clip(np.rint(bent), 0, 63).astype(int)]
    stiff = align(scenes, copies, settings=AlignmentSettings(bending_steps=0))
    assert (align(scenes, copies).score > stiff.score + 0.01).all()


def test_brightness_contrast_gamma_and_noise_hardly_matter() -> None:
    scenes = smooth(3, (64, 64), sigma=4).astype(np.float64)
    noise = np.random.default_rng(0).normal(size=scenes.shape) * 0.2 * scenes.std()
    for changed in (1000 + 0.1 * scenes, 255 * (scenes / 255) ** 1.6, scenes + noise):
        assert align(scenes, changed).score.min() > 0.95


def test_an_inverted_copy_is_found_where_it_is_asked_for() -> None:
    scenes = smooth(2, (64, 64), sigma=4)
    inverted = 255 - scenes[..., ::-1]
    found = align(scenes, inverted, settings=AlignmentSettings(inversion=True))
    assert found.inverted.all()
    assert found.score.min() > 0.99
    assert align(scenes, inverted).score.max() < 0.9


def test_quarter_turns_are_found_where_they_are_asked_for() -> None:
    scenes = smooth(2, (64, 64), sigma=4)
    turned = np.rot90(scenes, axes=(2, 3))
    assert align(scenes, turned, settings=AlignmentSettings(poses="turned")).score.min() > 0.99
    assert align(scenes, turned).score.max() < 0.9


def test_large_turns_and_zooms_are_found_from_several_starts() -> None:
    scenes = smooth(3, (64, 64), sigma=4)
    copies = moved(scenes, turn(42) * 1.4, np.zeros(2))
    wide = AlignmentSettings(turns_degrees=(0, 30), zooms=(0.7, 1, 1.4), n_starts=3)
    assert align(scenes, copies, settings=wide).score.min() > 0.95


def test_a_part_that_differs_costs_little_and_shows_in_the_map() -> None:
    scenes, others = smooth(2, (64, 64), sigma=4), smooth(2, (64, 64), sigma=4, seed=5)
    copies = scenes.copy()
    copies[:, :, :28, :28] = others[:, :, :28, :28]
    found = align(scenes, copies)
    assert found.score.min() > max(0.9, align(others, copies).score.max())
    agreement = local_agreement(scenes, copies, found)
    assert agreement.shape == (2, 64, 64)
    assert np.nanmedian(agreement[:, 36:, 36:]) > 0.99
    assert np.nanmedian(agreement[:, 4:24, 4:24]) < 0.7


def test_a_small_overlap_lowers_the_score() -> None:
    scenes = smooth(1, (64, 64), sigma=4)
    shifted = np.zeros_like(scenes)
    shifted[..., :20] = scenes[..., 44:]
    where = coarse(scenes, shifted, settings=FEW)
    where.matrix[:], where.offset[:] = np.eye(2), (0, 1.375)
    still = AlignmentSettings(affine_steps=0, bending_steps=0)
    found = align(scenes, shifted, start=where, settings=still)
    assert found.overlap[0] == pytest.approx(20 / 64)
    assert found.score[0] <= found.overlap[0] / 0.5


def test_images_without_detail_agree_with_nothing() -> None:
    flat, scenes = np.full((2, 1, 40, 40), 7, np.uint8), smooth(2, (40, 40))
    for moving, fixed in ((flat, flat), (flat, scenes), (scenes, flat)):
        found = align(moving, fixed)
        np.testing.assert_allclose(found.score, 0, atol=1e-6)
        assert np.isfinite(found.matrix).all()


def test_a_pair_is_aligned_alike_in_any_company() -> None:
    moving, fixed = smooth(40, (40, 40)), moved(smooth(40, (40, 40)), turn(8), np.zeros(2))
    together = align(moving, fixed, settings=FEW)
    rows = np.array([17, 3, 39, 3])
    picked = align(moving, fixed, pairs=(rows, rows), settings=FEW)
    alone = align(moving[17:18], fixed[17:18], settings=FEW)
    for name in ("score", "overlap", "matrix", "offset", "controls"):
        of = {
            key: getattr(value, name) for key, value in (("all", together), ("some", picked), ("one", alone))
        }
        np.testing.assert_array_equal(of["all"][rows], of["some"])
        np.testing.assert_array_equal(of["all"][17:18], of["one"])


def test_coarse_results_are_where_align_begins() -> None:
    scenes = smooth(3, (64, 64), sigma=4)
    copies = moved(scenes, turn(10) @ MIRROR, np.zeros(2))
    rough = coarse(scenes, copies)
    assert (np.linalg.det(rough.matrix) < 0).all()
    assert (rough.controls == 0).all()
    np.testing.assert_array_equal(align(scenes, copies, start=rough).score, align(scenes, copies).score)


def test_volumes_are_aligned() -> None:
    volumes = smooth(2, (24, 32, 20), sigma=3)
    copies = moved(volumes, turn(8, 3) @ np.diag([-1.0, 1, 1]), np.array([0.05, 0, -0.05]))
    found = align(volumes, copies)
    assert found.score.min() > 0.97
    assert local_agreement(volumes, copies, found).shape == (2, 24, 32, 20)
    assert align(smooth(2, (24, 32, 20), seed=3), copies).score.max() < found.score.min()


def test_no_pairs_give_no_alignments() -> None:
    none = np.zeros((0, 1, 16, 16), np.uint8)
    found = align(none, none)
    assert len(found) == 0
    assert local_agreement(none, none, found).shape == (0, 16, 16)


@settings(max_examples=12, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.float64, np.bool_]),
        st.one_of(
            st.tuples(st.just(2), st.integers(1, 3), st.integers(1, 30), st.integers(1, 30)),
            st.tuples(st.just(2), st.integers(1, 2), *[st.integers(1, 10)] * 3),
        ),
        elements={"min_value": 0, "max_value": 1},
    )
)
def test_any_pixels_of_any_shape_give_scores_within_range(pixels: np.ndarray) -> None:
    found = align(pixels, pixels[::-1], settings=FEW)
    assert (np.abs(found.score) <= 1).all()
    assert ((found.overlap >= 0) & (found.overlap <= 1)).all()
    assert found.warped(pixels).shape == pixels.shape
    assert np.isfinite(found.controls).all()


@pytest.mark.parametrize(
    ("moving", "fixed", "pairs", "says"),
    [
        (np.zeros((2, 1, 8, 8)), np.zeros((2, 1, 8, 9)), None, "prepare them alike"),
        (np.zeros((2, 1, 8)), np.zeros((2, 1, 8)), None, "neither 2D nor 3D"),
        (np.zeros((2, 1, 8, 8)), np.zeros((3, 1, 8, 8)), None, "say which are paired"),
        (
            np.zeros((2, 1, 8, 8)),
            np.zeros((3, 1, 8, 8)),
            (np.array([0, 2]), np.array([0, 2])),
            "among 2 images",
        ),
        (np.full((1, 1, 8, 8), np.nan), np.zeros((1, 1, 8, 8)), None, "NaN"),
    ],
)
def test_what_cannot_be_aligned_is_refused(
    moving: np.ndarray, fixed: np.ndarray, pairs: tuple[np.ndarray, np.ndarray] | None, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        align(moving, fixed, pairs=pairs)


def test_a_start_must_fit_the_pairs() -> None:
    images = smooth(2, (24, 24))
    with pytest.raises(InputError, match="one for each pair"):
        align(images, images, start=coarse(images[:1], images[:1], settings=FEW))


def test_films_turned_mirrored_and_darkened_stand_above_strangers() -> None:
    films = open_images(real_data("chest_xray_64"))
    pixels = np.stack([films[position].pixels[:1] for position in range(0, 120, 5)])
    copies = moved(pixels[:, :, :, ::-1], turn(7), np.array([0.03, 0.05]))
    copies = (255 * (copies / 255.0) ** 1.4).astype(np.uint8)
    own = align(pixels, copies).score
    strangers = align(np.roll(pixels, 1, axis=0), copies).score
    assert np.quantile(own, 0.05) > strangers.max()
