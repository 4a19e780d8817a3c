"""Where scanner and head meet."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.poses import FIELD_OF_VIEW_MM, Pose, draw_pose, grid, plane
from doppelscan.seeds import stream


def test_a_head_that_lies_straight_is_where_the_scanner_is() -> None:
    points = grid((4, 5, 6))
    np.testing.assert_allclose(Pose((0, 0, 0), (0, 0, 0), 1.0).to_head(points), points, atol=1e-4)


def test_a_turned_head_is_found_by_turning_back() -> None:
    pose = Pose((0, 0, 90), (10, 0, 0), 2.0)
    place = np.array([10, 6, 4], np.float32)[:, None]  # 6 mm in front of where the head's origin is now
    np.testing.assert_allclose(pose.to_head(place)[:, 0], [3, 0, 2], atol=1e-5)


def test_a_volumes_axes_run_to_the_right_the_front_and_the_top() -> None:
    x, y, z = grid((3, 4, 5))
    assert (np.diff(x, axis=0) > 0).all()
    assert (np.diff(y, axis=1) > 0).all()
    assert (np.diff(z, axis=2) > 0).all()
    assert abs(x).max() == FIELD_OF_VIEW_MM / 3


def test_a_slice_has_the_front_up_and_the_patients_right_on_the_left() -> None:
    x, y, z = plane((6, 8), 12.5)
    assert x.shape == (6, 8)
    assert y[0, 0] > y[-1, 0]
    assert x[0, 0] > x[0, -1]
    assert (z == 12.5).all()


def test_a_patient_lies_down_again_almost_as_before() -> None:
    pose = draw_pose(stream(0, "pose"))
    again = [pose.moved(stream(0, "visit", k)) for k in range(100)]
    spread = np.std([other.shift_mm for other in again])
    strangers = np.std([draw_pose(stream(0, "pose", k)).shift_mm for k in range(100)])
    assert spread > 0
    assert np.std([np.subtract(other.shift_mm, pose.shift_mm) for other in again]) < 0.5 * strangers
