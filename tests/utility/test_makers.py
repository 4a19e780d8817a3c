"""Controls give what they promise: the granted images again, or the same ones changed a little."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import ndimage

from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet
from doppelscan.utility.again import AgainPixels, interpolated
from doppelscan.utility.makers import Augmented, Duplicated, Given, without
from lesions import lesions


@pytest.fixture(scope="module")
def few() -> ImageSet:
    return lesions(9, 0, size=16)


COUNTS = {"melanoma": 5, "nevus": 2, "psoriasis": 0}


@pytest.mark.parametrize("maker", [Duplicated(), Augmented()])
def test_so_many_of_each_label_are_made_and_name_their_sources(
    maker: Duplicated | Augmented, few: ImageSet
) -> None:
    made = maker.make(few, COUNTS, 0)
    assert made.table["label"].value_counts().to_dict() == {"melanoma": 5, "nevus": 2}
    assert made.shape == few.shape
    assert made.table["id"].is_unique
    labels = dict(zip(few.table["id"], few.table["label"], strict=True))
    assert [labels[source] for source in made.table["source_id"]] == made.table["label"].tolist()


def test_duplicates_are_the_very_images(few: ImageSet) -> None:
    made = Duplicated().make(few, COUNTS, 0)
    sources = few.take(few.positions(list(made.table["source_id"])))
    np.testing.assert_array_equal(made.read(0, 7), sources.read(0, 7))


def test_augmented_images_are_near_their_sources_and_no_two_alike(few: ImageSet) -> None:
    made = Augmented().make(few, {"nevus": 6}, 0)
    flat = made.read(0, 6).reshape(6, -1)
    assert len(np.unique(flat, axis=0)) == 6
    assert made.pixels.dtype == np.uint8
    again = Augmented().make(few, {"nevus": 6}, 0)
    np.testing.assert_array_equal(flat, again.read(0, 6).reshape(6, -1))


@pytest.mark.parametrize("maker", [Duplicated(), Augmented()])
def test_images_are_made_when_they_are_asked_for_each_the_same_in_any_company(
    maker: Duplicated | Augmented, few: ImageSet
) -> None:
    made = maker.make(few, COUNTS, 0)
    assert isinstance(made.pixels, AgainPixels)
    whole, alone = made.read(0, 7), pickle.loads(pickle.dumps(made.take([5, 2])))  # noqa: S301 - ours
    np.testing.assert_array_equal(alone.read(0, 2), whole[[5, 2]])
    np.testing.assert_array_equal(alone[1].pixels, whole[2])
    assert alone.pixels.fingerprint == made.take([5, 2]).pixels.fingerprint != made.pixels.fingerprint


@pytest.mark.parametrize("shape", [(2, 7, 11), (1, 1, 6), (3, 5, 6, 4)])
def test_values_between_pixels_are_what_a_general_transform_finds(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    zoom, offset = 1.07, np.array([0.4, -1.3, 0.9][: len(shape) - 1])
    moved = values
    for axis, by in enumerate(offset, start=1):
        moved = interpolated(moved, np.arange(shape[axis]) / zoom + by, axis)
    slowly = [
        ndimage.affine_transform(one, np.full(len(offset), 1 / zoom), offset, order=1, mode="nearest")
        for one in values
    ]
    np.testing.assert_allclose(moved, slowly, atol=1e-2)


def test_fewer_given_images_are_the_first_of_more(few: ImageSet) -> None:
    more, fewer = (Given(few).make(few, {"nevus": n, "melanoma": n}, 3) for n in (3, 1))
    assert set(fewer.table["id"]) <= set(more.table["id"])
    assert len(Given(few).make(few, {"nevus": 99}, 3)) == 3


def test_what_an_audit_flagged_is_left_out(few: ImageSet) -> None:
    flagged = frozenset(few.table["id"][:2])
    assert set(without(few, flagged).table["id"]) == set(few.table["id"][2:])
    with pytest.raises(InputError, match="give the set that was audited"):
        without(few, frozenset({"another"}))
