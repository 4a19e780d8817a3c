"""Parts of images as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from doppelscan.errors import InputError
from doppelscan.images.regions import centre, region_from, region_text


@given(arrays(bool, array_shapes(min_dims=2, max_dims=3, max_side=7)))
def test_any_mask_comes_back_as_it_was(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(region_from(region_text(mask)), mask)


def test_boxes_and_what_is_around_them_are_told_by_their_corners() -> None:
    box = centre((8, 6), (4, 2))
    assert region_text(box) == "inside 2:6,2:4 of 8x6"
    assert region_text(~box) == "outside 2:6,2:4 of 8x6"
    cross = box.copy()
    cross[0, 0] = True
    assert region_text(cross) == "runs 0+1,14+2,20+2,26+2,32+2 of 8x6"


@pytest.mark.parametrize(("space", "sides"), [((5, 9), (2, 4)), ((4, 4, 6), (2, 3, 1)), ((3, 3), (9, 0))])
def test_the_centre_has_its_sides_as_far_as_the_image_goes(
    space: tuple[int, ...], sides: tuple[int, ...]
) -> None:
    wanted = [min(max(side, 1), length) for side, length in zip(sides, space, strict=True)]
    found = np.nonzero(centre(space, sides))
    assert [int(np.ptp(axis)) + 1 for axis in found] == wanted
    for axis, length in zip(found, space, strict=True):
        assert abs((axis.min() + axis.max()) / 2 - (length - 1) / 2) <= 0.5


@given(st.text(max_size=12))
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no region"):
        region_from(text)


@pytest.mark.parametrize("text", ["inside 1:2 of 4x4", "runs 1-2 of 4x4", "inside 1:2:3:4,1:2 of 4x4"])
def test_what_is_nearly_one_is_refused_too(text: str) -> None:
    with pytest.raises(InputError, match="is no region"):
        region_from(text)
