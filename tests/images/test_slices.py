"""Slices are cut where they are asked for and shown as radiologists look at them."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.images.slices import PLANES, axis_of, cut, in_plane


def marked(x: int, y: int, z: int) -> np.ndarray:
    """A volume of 3 x 4 x 5 with one bright voxel."""
    volume = np.zeros((1, 3, 4, 5), np.uint8)
    volume[0, x, y, z] = 1
    return volume


def place(shown: np.ndarray) -> list[int]:
    """Row and column of the bright pixel."""
    return np.argwhere(shown[0])[0].tolist()


def test_axial_has_the_front_above_and_the_right_side_on_the_left() -> None:
    front_right = marked(x=2, y=3, z=1)
    assert place(cut(front_right, "axial", 1)) == [0, 0]


def test_coronal_has_the_top_above_and_the_right_side_on_the_left() -> None:
    top_right = marked(x=2, y=1, z=4)
    assert place(cut(top_right, "coronal", 1)) == [0, 0]


def test_sagittal_has_the_top_above_and_the_front_on_the_left() -> None:
    top_front = marked(x=1, y=3, z=4)
    assert place(cut(top_front, "sagittal", 1)) == [0, 0]


@pytest.mark.parametrize(
    ("plane", "shape"), [("axial", (1, 4, 3)), ("coronal", (1, 5, 3)), ("sagittal", (1, 5, 4))]
)
def test_rows_and_columns_have_their_lengths(plane: str, shape: tuple[int, ...]) -> None:
    shown = cut(marked(0, 0, 0), plane, 0)
    assert shown.shape == shape
    assert (1, *in_plane((3.0, 4.0, 5.0), plane)) == shape


@pytest.mark.parametrize("plane", PLANES)
def test_slices_hold_the_whole_volume_once(plane: str) -> None:
    volume = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    slices = [cut(volume, plane, k) for k in range(volume.shape[axis_of(plane) + 1])]
    np.testing.assert_array_equal(np.sort(np.concatenate(slices, axis=None)), np.arange(volume.size))
    assert all(slice_.flags.c_contiguous for slice_ in slices)


def test_a_slice_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        cut(marked(0, 0, 0), "axial", 5)
