"""Are the poses of an image all there, and are they what they are called?"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.search import Pose, poses_of

from .oracle import turned


@pytest.mark.parametrize("shape", [(2, 3, 3), (1, 3, 4), (1, 2, 2, 2), (1, 2, 3, 2), (3, 5), (1, 1, 1)])
def test_each_pose_moves_every_value_where_its_axes_and_flips_say(shape: tuple[int, ...]) -> None:
    image = np.arange(np.prod(shape)).reshape(shape)
    poses = poses_of("flips and turns", shape)
    assert len(set(poses)) == len(poses)
    for pose in poses:
        np.testing.assert_array_equal(pose.of(image), turned(image, pose.axes, pose.flips))
        np.testing.assert_array_equal(pose.of(np.stack([image, image]))[1], pose.of(image))


@pytest.mark.parametrize(
    ("shape", "n_flips", "n_turns"),
    [
        ((1, 4, 4), 4, 8),
        ((3, 4, 5), 4, 4),
        ((1, 4, 4, 4), 8, 48),
        ((1, 4, 5, 4), 8, 16),
        ((1, 2, 3, 4), 8, 8),
    ],
)
def test_there_are_as_many_poses_as_the_shape_allows(
    shape: tuple[int, ...], n_flips: int, n_turns: int
) -> None:
    assert [len(poses_of(s, shape)) for s in ("none", "flips", "flips and turns")] == [1, n_flips, n_turns]
    for symmetries in ("none", "flips", "flips and turns"):
        first = poses_of(symmetries, shape)[0]
        assert (first.name, first.axes, any(first.flips)) == ("as it is", tuple(range(len(shape) - 1)), False)


def test_quarter_turns_and_mirrored_ones_are_the_eight_poses_of_a_square() -> None:
    image = np.arange(9).reshape(1, 3, 3)
    of_numpy = {np.rot90(i, k, (1, 2)).tobytes() for i in (image, image[..., ::-1]) for k in range(4)}
    assert {pose.of(image).tobytes() for pose in poses_of("flips and turns", image.shape)} == of_numpy


def test_flips_stand_together_and_the_first_axis_flips_fastest() -> None:
    names = [pose.name for pose in poses_of("flips and turns", (1, 2, 2))]
    assert names[:4] == ["as it is", "flipped along 0", "flipped along 1", "flipped along 0 and 1"]
    assert names[4:6] == ["axes in order 1 0", "axes in order 1 0, flipped along 0"]


def test_a_pose_copies_nothing() -> None:
    image = np.zeros((1, 4, 4))
    assert np.shares_memory(Pose((1, 0), (True, False)).of(image), image)


def test_unknown_symmetries_are_refused() -> None:
    with pytest.raises(InputError, match=r"'turns' are not known.*one of none, flips, flips and turns"):
        inspect.unwrap(poses_of)("turns", (1, 2, 2))  # types are checked in tests alone
