"""A preparation runs its steps in the order it promises, can be written and read, and refuses contradictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.errors import InputError, UnreadableImage
from doppelscan.images.image import Image
from doppelscan.images.preparation import PRESETS, Preparation, parse_size
from realdata import real_data

settings_drawn = st.fixed_dictionaries(
    {
        "channels": st.sampled_from(["keep", "grey", "rgb", (0,)]),
        "spacing_mm": st.none() | st.floats(0.5, 3),
        "intensity": st.sampled_from(["none", "percentile", "max"]),
        "slices": st.sampled_from([None, "axial", "coronal", "sagittal"]),
        "size": st.none() | st.tuples(st.integers(1, 9)) | st.tuples(st.integers(1, 9), st.integers(1, 9)),
        "fit": st.sampled_from(["stretch", "pad", "crop"]),
        "crop_or_pad": st.none() | st.tuples(st.integers(1, 9)),
    }
)


def head(shape: tuple[int, ...] = (1, 4, 5, 6), dtype: str = "int16") -> Image:
    pixels = np.random.default_rng(0).integers(0, 1000, shape).astype(dtype)
    return Image(pixels, spacing_mm=(1.0,) * (len(shape) - 1))


def test_the_default_leaves_an_image_as_it_is() -> None:
    image = head()
    pieces = Preparation().apply(image)
    assert Preparation().is_identity
    assert [(piece.k, piece.image) for piece in pieces] == [(None, image)]


@pytest.mark.parametrize(
    "step",
    [
        {"channels": "grey"},
        {"channels": (0,)},
        {"spacing_mm": 1.0},
        {"intensity": "max"},
        {"slices": "axial"},
        {"size": (8,)},
        {"crop_or_pad": (8,)},
    ],
)
def test_any_step_is_no_identity(step: dict[str, Any]) -> None:
    assert not Preparation(**step).is_identity


@given(settings=settings_drawn)
def test_what_is_written_is_read(settings: dict[str, Any]) -> None:
    preparation = Preparation(**settings)
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def test_what_is_absent_has_its_default() -> None:
    assert Preparation.from_json({"size": [64]}) == Preparation(size=(64,))


@given(
    settings=settings_drawn, n_axes=st.integers(2, 3), side=st.integers(1, 5), n_channels=st.integers(1, 4)
)
def test_any_image_is_prepared_or_refused(
    settings: dict[str, Any], n_axes: int, side: int, n_channels: int
) -> None:
    preparation = Preparation(**settings)
    try:
        pieces = preparation.apply(head((n_channels, *[side] * n_axes)))
    except UnreadableImage:
        pieces = []
    for piece in pieces:
        assert piece.image.stored.dtype == ("int16" if preparation.intensity == "none" else "uint8")
        assert (piece.k is None) == (preparation.slices is None)
        assert piece.image.stored.flags.c_contiguous
        assert set(piece.image.space) == set(preparation.crop_or_pad or piece.image.space)


def test_every_problem_of_the_input_is_named_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        Preparation.from_json({"colour": "grey", "size": "big", "fit": "squeeze", "spacing_mm": None})
    assert [problem.what for problem in refusal.value.problems] == [
        "knows no 'colour'",
        "size cannot be 'big'",
        "fit cannot be 'squeeze'",
    ]
    assert "crop_or_pad" in refusal.value.problems[0].cure


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"channels": (-1,)}, "channels are counted from 0"),
        ({"channels": ()}, "channels are counted from 0"),
        ({"spacing_mm": 0.0}, "spacing_mm is a length"),
        ({"spacing_mm": float("nan")}, "spacing_mm is a length"),
        ({"percentiles": (99.0, 1.0)}, "percentiles rise"),
        ({"intensity": "window"}, "do not go together"),
        ({"window": (40.0, 400.0)}, "do not go together"),
        ({"intensity": "window", "window": (40.0, 0.0)}, "a width above 0"),
        ({"slices": "axial", "min_foreground": 1.0}, "min_foreground is a share"),
        ({"min_foreground": 0.1}, "slices is None"),
        ({"foreground_channel": -1}, "foreground_channel is counted from 0"),
        ({"size": (0,)}, "size is one to three lengths"),
        ({"crop_or_pad": (1, 2, 3, 4)}, "crop_or_pad is one to three lengths"),
    ],
)
def test_contradictions_are_refused(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        Preparation(**settings)
    with pytest.raises(InputError, match=what):
        Preparation.from_json(settings)


def test_without_scaling_the_type_and_the_rescale_stay() -> None:
    stored = np.array([[[0, 2], [4, 6]]], np.int16)
    piece = Preparation(size=(1,)).apply(Image(stored, slope=2.0, intercept=-1024.0))[0]
    np.testing.assert_array_equal(piece.image.stored, [[[3]]])
    assert (piece.image.stored.dtype, piece.image.slope, piece.image.intercept) == (np.int16, 2.0, -1024.0)


def test_intensity_is_that_of_the_volume_not_of_the_slice() -> None:
    volume = np.zeros((1, 2, 2, 2), np.int16)
    volume[..., 0], volume[..., 1] = 100, 1000
    dim, bright = Preparation(intensity="max", slices="axial").apply(Image(volume))
    assert (dim.image.stored.max(), bright.image.stored.max()) == (26, 255)


def test_foreground_is_judged_after_scaling_and_before_sizing() -> None:
    volume = np.zeros((1, 10, 10, 2), np.int16)
    volume[0, :4, :5, 0], volume[0, :3, :5, 1] = 10, 10  # 20% and 15% of the slice
    preparation = Preparation(
        intensity="max", slices="axial", min_foreground=0.15, foreground_above=50.0, crop_or_pad=(100,)
    )
    pieces = preparation.apply(Image(volume))
    assert [(piece.k, piece.image.space) for piece in pieces] == [(0, (100, 100))]


def test_the_window_is_applied() -> None:
    image = Image(np.array([[[0, 1024]]], np.int16), intercept=-1024.0)
    piece = Preparation(intensity="window", window=(-512.0, 1024.0)).apply(image)[0]
    np.testing.assert_array_equal(piece.image.stored, [[[0, 255]]])


@pytest.mark.parametrize(
    "settings", [{"size": (16,)}, {"size": (16,), "fit": "pad"}, {"intensity": "percentile"}]
)
def test_one_pixel_is_an_image(settings: dict[str, Any]) -> None:
    piece = Preparation(**settings).apply(Image(np.full((1, 1, 1), 7, np.uint8)))[0]
    assert piece.image.stored.size in (1, 256)


def test_akbar_does_what_paper_a_did() -> None:
    """Five channels of 240 x 240: 256 x 256 slices in 8 bits by the volume's maximum, brain above 15% only."""
    pixels = np.zeros((5, 240, 240, 4), np.int16)
    pixels[:, 40:200, 40:200, 1] = 1000  # 44% of the slice
    pixels[:, 40:200, 40:200, 2] = 300  # as large, but 38 of 255
    pixels[:, 40:80, 40:200, 3] = 1000  # 11% of the slice
    pixels[:, 0, 0, 0] = 2000  # the largest value, in one voxel
    pieces = PRESETS["akbar"].apply(Image(pixels))
    assert [piece.k for piece in pieces] == [1]
    assert pieces[0].image.stored.shape == (5, 256, 256)
    assert pieces[0].image.stored[:, 48:208, 48:208].min() == 128
    assert pieces[0].image.stored.sum() == 5 * 160 * 160 * 128


@pytest.mark.parametrize(("text", "size"), [("256", (256,)), ("64x32", (64, 32)), (" 8 X 9x10 ", (8, 9, 10))])
def test_sizes_are_parsed(text: str, size: tuple[int, ...]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-4", "64x", "x64", "1x2x3x4", "64,64", "6.5", "²", "0x64"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a size"):
        parse_size(text)


def test_a_real_film_shrinks_to_the_mean_of_its_blocks() -> None:
    path = sorted(real_data("chest_xray").rglob("*.jpeg"))[0]
    colour = np.moveaxis(np.asarray(PIL.Image.open(path).convert("RGB")), 2, 0)
    piece = Preparation(channels="grey", size=(112,)).apply(Image(colour))[0]
    blocks = colour[0].reshape(112, 2, 112, 2).mean(axis=(1, 3))
    assert np.abs(piece.image.stored[0] - blocks).max() <= 0.5


def test_a_real_volume_gives_axial_slices_of_its_front_above() -> None:
    volume = _a_hippocampus(real_data("hippocampus"))
    pieces = Preparation(slices="axial", size=(64,), fit="pad", intensity="percentile").apply(volume)
    assert [piece.k for piece in pieces] == list(range(volume.space[2]))
    assert {piece.image.stored.shape for piece in pieces} == {(1, 64, 64)}


def _a_hippocampus(folder: Path) -> Image:
    nifti = nib.as_closest_canonical(nib.load(sorted(folder.rglob("*.nii*"))[0]))
    return Image(np.asarray(nifti.dataobj)[None], tuple(float(mm) for mm in nifti.header.get_zooms()[:3]))
