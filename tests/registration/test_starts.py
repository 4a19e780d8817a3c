"""Every flip and turn that is asked for is tried, once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.registration import AlignmentSettings
from doppelscan.registration.starts import pose_matrices, start_matrices


@pytest.mark.parametrize(("n_axes", "n"), [(2, 8), (3, 48)])
def test_all_flips_and_quarter_turns_are_different_and_keep_the_grid(n_axes: int, n: int) -> None:
    poses = pose_matrices("turned", n_axes)
    assert len({tuple(pose.flatten().tolist()) for pose in poses}) == n
    assert (poses.abs().sum(dim=1) == 1).all()
    torch.testing.assert_close(poses[0], torch.eye(n_axes))


def test_left_and_right_are_columns_of_an_image_and_the_first_axis_of_a_volume() -> None:
    np.testing.assert_array_equal(pose_matrices("mirrored", 2)[1], np.diag([1, -1]))
    np.testing.assert_array_equal(pose_matrices("mirrored", 3)[1], np.diag([-1, 1, 1]))


def test_turns_go_either_way_in_every_plane_and_zooms_enlarge() -> None:
    few = AlignmentSettings(turns_degrees=(0, 20), zooms=(1, 2))
    in_2d, in_3d = start_matrices(few, 2), start_matrices(few, 3)
    assert (len(in_2d), len(in_3d)) == (2 * 3 * 2, 2 * 7 * 2)
    torch.testing.assert_close(torch.linalg.det(in_2d).abs().unique(), torch.tensor([0.25, 1.0]))
