"""Chests show what a chest shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.imagesets.phantoms import chest


def test_films_have_one_channel_and_the_size_asked_for() -> None:
    cohort = chest(2, size=40)
    assert cohort.pixels.shape == (2, 1, 40, 40)
    assert cohort.channels == ("xray",)


def test_lungs_are_darker_than_the_middle_and_the_belly() -> None:
    mean = chest(40, size=64, pneumonia=0.0).pixels[:, 0].mean(axis=0)
    left, right, middle, belly = mean[22:32, 14:22], mean[22:32, 44:50], mean[22:42, 30:34], mean[58:, 24:40]
    assert max(left.mean(), right.mean()) < 0.75 * min(middle.mean(), belly.mean())


def test_the_heart_lies_on_the_images_right() -> None:
    mean = chest(40, size=64, pneumonia=0.0).pixels[:, 0].mean(axis=0)
    assert mean[34:42, 36:44].mean() > mean[34:42, 20:28].mean() + 10


def test_pneumonia_clouds_the_same_patients_lungs() -> None:
    sick, well = (chest(30, size=64, pneumonia=share).pixels[:, 0, 20:40, 8:56] for share in (1.0, 0.0))
    assert (sick.mean(axis=(1, 2)) > well.mean(axis=(1, 2))).mean() > 0.9


def test_the_share_of_pneumonia_is_that_asked_for() -> None:
    labels = chest(60, size=8, pneumonia=0.25).table["label"]
    assert 5 <= (labels == "PNEUMONIA").sum() <= 26
    assert set(labels) == {"NORMAL", "PNEUMONIA"}


def test_a_larger_film_shows_the_same_chest() -> None:
    small, large = chest(3, size=48).pixels[:, 0], chest(3, size=192).pixels[:, 0]
    for low, high in zip(small, large, strict=True):
        shrunk = cv2.resize(high, (48, 48), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(low.ravel(), shrunk.ravel())[0, 1] > 0.97


def test_a_patient_on_another_film_is_more_alike_than_most_strangers() -> None:
    cohort = chest(40, size=64, films=2)
    scores = np.corrcoef(cohort.pixels.reshape(80, -1))
    same = scores[np.arange(0, 80, 2), np.arange(1, 80, 2)]
    strangers = scores[::2, 1::2][~np.eye(40, dtype=bool)]
    assert np.median(same) > np.quantile(strangers, 0.85)
    assert same.max() < 0.995


@pytest.mark.parametrize(("wrong", "where"), [({"size": 7}, "size"), ({"pneumonia": -0.1}, "pneumonia")])
def test_what_cannot_be_made_is_refused_by_name(wrong: dict[str, float], where: str) -> None:
    with pytest.raises(InputError) as caught:
        chest(1, **wrong)
    assert [problem.where for problem in caught.value.problems] == [where]
