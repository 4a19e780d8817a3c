"""Photographs of skin show what their table says, as clearly as was asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.imagesets.phantoms import Cohort, skin
from doppelscan.imagesets.phantoms.skin import CLASSES, TONES


@pytest.fixture(scope="module")
def clear() -> Cohort:
    return skin(180, size=24, signal=1.5)


def test_photographs_are_red_green_and_blue() -> None:
    cohort = skin(2, size=20)
    assert cohort.pixels.shape == (2, 3, 20, 20)
    assert cohort.channels == ("red", "green", "blue")


def test_every_class_meets_every_tone_once_in_a_round() -> None:
    table = skin(36, size=8).table
    assert (table.groupby(["label", "skin_tone"]).size() == 1).all()
    assert set(table["label"]) == set(CLASSES)
    assert set(table["skin_tone"]) == set(TONES)


def test_darker_tones_reflect_less(clear: Cohort) -> None:
    corners = clear.pixels[..., :4, :4].mean(axis=(1, 2, 3))
    by_tone = [corners[clear.table["skin_tone"] == tone].mean() for tone in TONES]
    assert by_tone == sorted(by_tone, reverse=True)


def test_a_lesion_stands_out_less_on_darker_skin(clear: Cohort) -> None:
    middle, corner = (clear.pixels[..., a:b, a:b].mean(axis=(1, 2, 3)) for a, b in ((9, 15), (0, 4)))
    contrast = np.abs(corner - middle)
    light, dark = (contrast[clear.table["skin_tone"].isin(tones)].mean() for tones in (["I"], ["VI"]))
    assert light > 1.5 * dark


def test_without_signal_the_class_changes_nothing() -> None:
    one = skin(4, size=16, classes=["nevus", "melanoma"], signal=0)
    other = skin(4, size=16, classes=["melanoma", "nevus"], signal=0)
    assert (one.table["label"] != other.table["label"]).all()
    np.testing.assert_array_equal(one.pixels, other.pixels)


def test_with_signal_the_class_shows_and_the_patients_other_looks_stay() -> None:
    one, other = (skin(1, size=32, classes=names).pixels for names in (["nevus"], ["psoriasis"]))
    assert not np.array_equal(one, other)
    rims = [cohort[..., 0, :].astype(int) for cohort in (one, other)]
    assert np.abs(rims[0] - rims[1]).max() <= 12


def test_colours_tell_the_classes_apart_as_well_as_the_signal_allows(clear: Cohort) -> None:
    assert _told_apart(clear) > 0.33  # twice chance
    assert _told_apart(skin(180, size=24, signal=0)) < 0.3


def test_a_larger_photograph_shows_the_same_lesion() -> None:
    small, large = skin(3, size=48).pixels, skin(3, size=192).pixels
    for low, high in zip(small, large, strict=True):
        shrunk = cv2.resize(high.transpose(1, 2, 0), (48, 48), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(low.transpose(1, 2, 0).ravel(), shrunk.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"size": 7}, "size"),
        ({"signal": -1}, "signal"),
        ({"classes": ["wart"]}, "classes"),
        ({"classes": []}, "classes"),
        ({"tones": ["VII"]}, "tones"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(wrong: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as caught:
        skin(1, **wrong)  # type: ignore[arg-type]
    assert [problem.where for problem in caught.value.problems] == [where]


def _told_apart(cohort: Cohort) -> float:
    """The share of the second half told right by the nearest class mean of the first: colours against the rim."""
    middle, rim = cohort.pixels[..., 6:18, 6:18], cohort.pixels[..., :3, :]
    looks = np.log(1.0 + middle.mean(axis=(2, 3))) - np.log(1.0 + rim.mean(axis=(2, 3)))
    looks = np.concatenate([looks, np.log(middle.std(axis=(2, 3)))], axis=1)
    looks /= looks.std(axis=0)
    labels, half = cohort.table["label"].to_numpy(), len(cohort) // 2
    names = sorted(set(labels))
    means = np.stack([looks[:half][labels[:half] == name].mean(axis=0) for name in names])
    nearest = np.linalg.norm(looks[half:, None] - means, axis=2).argmin(axis=1)
    return float((np.array(names)[nearest] == labels[half:]).mean())
