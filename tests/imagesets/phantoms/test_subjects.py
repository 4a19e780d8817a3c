"""Patients and what a visit records."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.subjects import Acquisition, draw_subject, visit
from doppelscan.seeds import stream


def test_slices_lie_evenly_around_the_patients_level() -> None:
    levels = [float(view[2, 0, 0]) for view in Acquisition((8, 8), ("t1",), 3).views(10.0)]
    assert levels == [4.0, 10.0, 16.0]


def test_a_volume_is_one_view() -> None:
    (view,) = Acquisition((8, 10, 12), ("t1",)).views(10.0)
    assert view.shape == (3, 8, 10, 12)


def test_a_pixels_size_follows_from_the_field_of_view() -> None:
    assert Acquisition((120, 240), ("t1",)).pixel_mm == 2.0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_tumours_are_drawn_at_their_share(share: float) -> None:
    drawn = [draw_subject(stream(0, k), share).tumour is not None for k in range(10)]
    assert np.mean(drawn) == share


def test_a_patients_anatomy_does_not_hang_on_the_tumour() -> None:
    assert draw_subject(stream(0), 0.0).head == draw_subject(stream(0), 1.0).head


def test_a_visit_gives_an_image_for_each_view() -> None:
    subject = draw_subject(stream(0), 1.0)
    images = visit(subject, Acquisition((16, 16), ("t1", "seg"), 2), stream(1))
    assert [image.shape for image in images] == [(2, 16, 16)] * 2
