"""Brains show what a brain shows."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.imagesets.phantoms import brain


def test_volumes_and_slices_have_the_size_asked_for() -> None:
    assert brain(1, size=16).pixels.shape == (1, 5, 16, 16, 16)
    assert brain(1, size=(16, 20, 12), channels=["t1"]).pixels.shape == (1, 1, 16, 20, 12)
    assert brain(1, size=(24, 20), axes=2).pixels.shape == (1, 5, 24, 20)


def test_a_channel_is_the_same_whatever_else_is_recorded() -> None:
    every = brain(2, axes=2, size=32)
    alone = brain(2, axes=2, size=32, channels=["flair", "t1"])
    np.testing.assert_array_equal(alone.pixels[:, 0], every.pixels[:, 2])
    np.testing.assert_array_equal(alone.pixels[:, 1], every.pixels[:, 0])


def test_slices_of_a_visit_share_its_study_and_have_ids_of_their_own() -> None:
    table = brain(2, axes=2, size=16, visits=2, slices=3).table
    assert len(table) == 12
    assert table["id"].is_unique
    assert (table.groupby("study").size() == 3).all()
    assert table["id"][0] == "brain-0000-v1-s1"


def test_labels_of_the_segmentation_are_those_that_are_named() -> None:
    segments = brain(8, axes=2, size=64, channels=["seg"]).pixels
    assert set(np.unique(segments)) == {0, 1, 2, 3}


def test_a_patient_without_a_tumour_has_an_empty_segmentation() -> None:
    cohort = brain(4, axes=2, size=48, channels=["seg"], tumours=0.0)
    assert set(cohort.table["label"]) == {"HEALTHY"}
    assert not cohort.pixels.any()


def test_the_share_of_tumours_is_that_asked_for() -> None:
    labels = brain(60, axes=2, size=8, channels=["seg"], tumours=0.5).table["label"]
    assert 18 <= (labels != "HEALTHY").sum() <= 42


def test_a_rim_takes_up_contrast_and_oedema_shines_in_flair() -> None:
    cohort = brain(30, axes=2, size=64)
    t1, _, flair, t1ce, seg = np.moveaxis(cohort.pixels.astype(float), 1, 0)
    high = (cohort.table["label"] == "HGG").to_numpy()[:, None, None]
    rim, oedema = (seg == 3) & high, seg == 2
    assert t1ce[rim].mean() > 1.5 * t1[rim].mean()
    assert flair[oedema].mean() > 1.5 * t1[oedema].mean()


def test_fluid_is_dark_in_t1_and_bright_in_t2() -> None:
    volume = brain(1, size=64, tumours=0.0).pixels[0].astype(float)
    white = volume[0] > np.quantile(volume[0][20:44, 20:44, 30:44], 0.6)
    centre = np.zeros_like(white)
    centre[24:40, 22:42, 32:42] = True
    dark = centre & (volume[0] < 0.5 * np.median(volume[0][centre & white]))
    assert dark.sum() > 50
    assert np.median(volume[1][dark]) > 1.5 * np.median(volume[1][centre & white])


def test_a_slice_shows_what_the_volume_shows_at_its_level() -> None:
    volume = brain(1, size=64, channels=["t1"]).pixels[0, 0].astype(float)
    slice_2d = brain(1, size=64, axes=2, channels=["t1"]).pixels[0, 0].astype(float)
    as_slices = np.flip(volume.transpose(1, 0, 2), (0, 1))
    agreement = [np.corrcoef(as_slices[..., k].ravel(), slice_2d.ravel())[0, 1] for k in range(26, 46)]
    assert max(agreement) > 0.95
    mirrored = [np.corrcoef(as_slices[:, ::-1, k].ravel(), slice_2d.ravel())[0, 1] for k in range(26, 46)]
    assert max(mirrored) < max(agreement)


def test_a_patient_at_another_visit_is_more_alike_than_a_stranger() -> None:
    cohort = brain(25, axes=2, size=64, visits=2, channels=["t1"])
    scores = np.corrcoef(cohort.pixels.reshape(50, -1))
    same = scores[np.arange(0, 50, 2), np.arange(1, 50, 2)]
    strangers = scores[::2, ::2][~np.eye(25, dtype=bool)].reshape(25, 24).max(axis=1)
    assert np.median(same) > np.median(strangers) + 0.05
    assert same.max() < 0.995


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"channels": ["t1", "pet"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"size": (32, 32)}, "size"),
        ({"size": 7}, "size"),
        ({"slices": 2}, "slices"),
        ({"slices": 0, "axes": 2}, "slices"),
        ({"tumours": 1.5}, "tumours"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(wrong: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as caught:
        brain(1, **wrong)
    assert [problem.where for problem in caught.value.problems] == [where]
