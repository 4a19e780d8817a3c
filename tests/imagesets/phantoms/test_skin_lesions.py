"""A lesion's traits lie around its class' mean, as far from other classes' as is said."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.skin_lesions import CLASSES, TRAITS, draw_lesion, separation
from doppelscan.seeds import stream


def test_separation_is_the_distance_between_the_classes_means() -> None:
    names = list(CLASSES)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            expected = sum((CLASSES[a][t] - CLASSES[b][t]) ** 2 for t in range(len(TRAITS))) ** 0.5
            assert separation(names)[i, j] == pytest.approx(expected)


def test_half_the_signal_halves_the_separation() -> None:
    np.testing.assert_allclose(separation(signal=0.5), separation() / 2)


def test_traits_differ_between_classes_by_what_separation_says() -> None:
    pair = ["nevus", "melanoma"]
    drawn = [[draw_lesion(stream(0, label, k), label, pair, 0.7) for k in range(600)] for label in pair]
    radii = [np.array([np.log(one.radius / 0.4) / 0.22 for one in lesions]) for lesions in drawn]
    blood = [np.array([np.log(one.blood / 0.3) / 0.8 for one in lesions]) for lesions in drawn]
    for name, (nevus, melanoma) in {"radius": radii, "blood": blood}.items():
        expected = 0.7 * (CLASSES["melanoma"][TRAITS.index(name)] - CLASSES["nevus"][TRAITS.index(name)])
        assert melanoma.mean() - nevus.mean() == pytest.approx(expected, abs=0.15)
        assert nevus.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("label", CLASSES)
def test_a_lesion_covers_a_part_of_the_picture_and_adds_no_light(label: str) -> None:
    axis = np.linspace(-1, 1, 24, dtype=np.float32)
    points = np.stack(np.meshgrid(axis, axis))
    for k in range(5):
        lesion = draw_lesion(stream(1, k), label, tuple(CLASSES), 1.0)
        inside = lesion.inside(points, 0.08)
        melanin, blood = lesion.absorption(points, inside)
        assert 0.01 < inside.mean() < 0.95
        assert min(melanin.min(), blood.min(), lesion.flaking(points, inside).min()) >= 0


def test_a_class_named_twice_does_not_move_the_middle() -> None:
    once = draw_lesion(stream(0), "nevus", ["nevus", "angioma"], 1.0)
    assert once == draw_lesion(stream(0), "nevus", ["nevus", "nevus", "angioma"], 1.0)
