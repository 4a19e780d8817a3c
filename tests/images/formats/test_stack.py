"""Frames in order, and the volume that they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from doppelscan.images.formats import Frame, stack

FRAMES = [Frame((0.0, 0.0, z), (1.0, 0, 0, 0, 1, 0), (0.5, 0.25), 1.0, 0.0) for z in (0.0, 3.0, 6.0)]


def test_height_is_along_the_frames_own_normal():
    sagittal = Frame((7.0, 8.0, 9.0), (0.0, 1, 0, 0, 0, -1), None, 1.0, 0.0)
    assert stack.height_mm(FRAMES[1]) == 3.0
    assert stack.height_mm(sagittal) == -7.0
    assert stack.height_mm(replace(sagittal, position=None)) is None


def test_frames_are_put_in_order():
    assert stack.upwards([FRAMES[2], FRAMES[0], FRAMES[1]]) == [1, 2, 0]


@pytest.mark.parametrize(
    "frames",
    [
        [],
        FRAMES[:1],
        [FRAMES[0], FRAMES[0]],
        [FRAMES[0], replace(FRAMES[1], position=None)],
        [FRAMES[0], replace(FRAMES[1], orientation=(1.0, 0, 0, 0, 0, 1))],
        [FRAMES[0], replace(FRAMES[1], spacing_mm=(0.5, 0.5))],
    ],
)
def test_frames_that_are_no_stack_have_no_order(frames):
    assert stack.upwards(frames) is None


def test_shape_and_type_are_known_before_joining():
    planes = np.random.default_rng(9).integers(0, 99, (3, 2, 4, 5), dtype=np.uint8)
    for frames in (FRAMES, [replace(frame, slope=k + 1.0) for k, frame in enumerate(FRAMES)]):
        image = stack.join(planes, frames)
        assert image.stored.shape == stack.joined_shape((2, 4, 5), frames) == (2, 5, 4, 3)
        assert image.stored.dtype.name == stack.joined_dtype("uint8", frames)
        assert image.spacing_mm == (0.25, 0.5, 3.0)


def test_unknown_pixel_size_leaves_the_spacing_unknown():
    frames = [replace(frame, spacing_mm=None) for frame in FRAMES]
    assert stack.join(np.zeros((3, 1, 4, 5)), frames).spacing_mm is None
