"""What the browser gets are the image's own values, and maps of the same slices."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from doppelscan.images import Image
from doppelscan.images.placement import Placement
from doppelscan.images.slices import cut
from doppelscan.review.view import MAPS, PairView, Where

CHANCE = np.random.default_rng(0)


def image(shape: tuple[int, ...], dtype: str = "uint8") -> Image:
    return Image((CHANCE.random(shape) * 200).astype(dtype))


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(png)))


def test_values_of_eight_bits_are_served_as_they_are() -> None:
    film, other = image((2, 5, 7)), image((2, 5, 7))
    view = PairView(film, other)
    for channel in (0, 1):
        served = view.values("synthetic", Where(channel=channel))
        assert served == film.stored[channel].tobytes()
        assert view.values("laid", Where(channel=channel)) == other.stored[channel].tobytes()
    told = view.described()
    assert (told["channels"], told["colour"], told["moved"]) == (2, False, False)
    assert told["planes"][0] == {
        "name": "film",
        "slices": 1,
        "rows": 5,
        "columns": 7,
        "height": 1.0,
        "width": 1.0,
    }


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32", "float64"])
def test_deeper_values_are_served_over_their_range_in_sixteen_bits(dtype: str) -> None:
    stored = (
        np.array([[[-3, 0], [1, 5]]]).astype(dtype)
        if dtype != "uint16"
        else np.array([[[2, 5], [6, 10]]], dtype)
    )
    view = PairView(Image(stored), Image(stored))
    served = np.frombuffer(view.values("training", Where()), "<u2").reshape(2, 2)
    share = (stored[0].astype(float) - stored.min()) / (stored.max() - stored.min())
    assert np.array_equal(served, np.rint(65535 * share))
    assert view.described()["sides"]["training"]["bits"] == 16


def test_rescaled_and_binary_values_are_served_as_values() -> None:
    rescaled = Image(np.array([[[0, 10]]], dtype=np.uint8), slope=-1.0, intercept=5.0)
    mask = Image(np.array([[[True, False]]]))
    view = PairView(rescaled, mask)
    assert np.frombuffer(view.values("synthetic", Where()), "<u2").tolist() == [65535, 0]
    assert np.frombuffer(view.values("training", Where()), "u1").tolist() == [255, 0]


def test_a_constant_image_is_served() -> None:
    flat = Image(np.full((1, 3, 3), 4.0))
    view = PairView(flat, flat)
    assert set(np.frombuffer(view.values("synthetic", Where()), "<u2")) == {0}
    assert view.described()["sides"]["synthetic"]["windows"] == [[0.0, 0.0]]
    assert picture(view.drawn("agreement", Where())).shape == (3, 3, 3)


def test_colours_of_a_pixel_stand_together() -> None:
    film = image((3, 4, 5))
    view = PairView(film, film)
    served = np.frombuffer(view.values("synthetic", Where()), "u1").reshape(4, 5, 3)
    assert np.array_equal(served, np.moveaxis(film.stored, 0, -1))
    assert not view.holds(Where(channel=1))
    deep = Image(film.stored.astype(np.uint16) * 100)
    assert len(PairView(deep, deep).values("synthetic", Where())) == 60


def test_grey_runs_from_black_to_white_without_its_tails() -> None:
    stored = np.full((1, 50, 50), 100, dtype=np.uint8)
    stored[0, :25] = 50
    stored[0, 0, :5] = (0, 0, 0, 255, 255)
    assert PairView(Image(stored), Image(stored)).described()["sides"]["synthetic"]["windows"] == [
        [50.0, 100.0]
    ]


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_slices_of_volumes_are_those_that_radiologists_look_at(plane: str) -> None:
    volume = Image(image((1, 4, 6, 8)).stored, spacing_mm=(1.0, 1.0, 2.0))
    view = PairView(volume, volume)
    told = next(one for one in view.described()["planes"] if one["name"] == plane)
    assert told["slices"] == {"axial": 8, "coronal": 6, "sagittal": 4}[plane]
    assert (told["height"], told["width"]) == ((1.0, 1.0) if plane == "axial" else (2.0, 1.0))
    for k in (0, told["slices"] - 1):
        expected = cut(volume.stored, plane, k)[0]
        served = np.frombuffer(view.values("synthetic", Where(plane, k)), "u1").reshape(
            told["rows"], told["columns"]
        )
        assert np.array_equal(served, expected)
        for name in MAPS:
            assert picture(view.drawn(name, Where(plane, k))).shape == (*expected.shape, 3)
    assert not view.holds(Where(plane, told["slices"]))
    assert not view.holds(Where("film"))


def test_the_training_image_is_laid_where_the_placement_says() -> None:
    film = image((1, 8, 8))
    mirror = Placement(np.diag([1.0, -1.0]), np.zeros(2))
    view = PairView(film, film, mirror)
    assert view.values("training", Where()) == film.stored.tobytes()
    assert view.values("laid", Where()) == np.ascontiguousarray(film.stored[..., ::-1]).tobytes()
    assert view.described()["moved"] is True
    assert view.drawn("difference", Where()) != view.drawn("difference_laid", Where())


def test_what_lies_beyond_the_training_image_is_hatched() -> None:
    film = image((1, 40, 40))
    view = PairView(film, film, Placement(np.eye(2), np.array([0.0, 1.0])))
    beyond = picture(view.drawn("agreement_laid", Where()))[:, 25:]
    assert set(np.unique(beyond)) <= {70, 110}


def test_the_same_image_agrees_and_does_not_differ() -> None:
    rough = Image((np.random.default_rng(1).random((1, 64, 64)) * 255).astype(np.uint8))
    view = PairView(rough, rough)
    assert set(np.unique(picture(view.drawn("difference", Where())))) == {128}
    red, _, blue = np.moveaxis(picture(view.drawn("agreement", Where())).astype(int), -1, 0)
    assert (red > blue + 40).mean() > 0.95
