"""Every transform changes an image as its name says, keeps shape and type, and can be drawn again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.errors import InputError
from doppelscan.images.transforms import HARD, STANDARD, Transform, by_name
from doppelscan.seeds import stream
from realdata import real_data

ALL = (*STANDARD, *HARD)
NAMES = [transform.name for transform in ALL]
WITHOUT_CHANCE = {"exact", "blur", "flip", "downsampling", "inversion", "blend"}
every_transform = pytest.mark.parametrize("transform", ALL, ids=NAMES)
shapes = [(1, 32, 24), (3, 16, 16), (2, 8, 10, 12)]


def image_of(shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """Smooth, off its centre, and unlike its mirror image."""
    grids = np.meshgrid(*(np.linspace(0, 3, length) for length in shape[1:]), indexing="ij")
    wave = sum(np.sin((axis + 1) * grid + axis) for axis, grid in enumerate(grids))
    scaled = (wave - wave.min()) / np.ptp(wave) * 200 + 20
    return np.stack([scaled + 5 * channel for channel in range(shape[0])]).astype(dtype)


def another(pixels: np.ndarray) -> np.ndarray:
    """An image of the same shape and type, for transforms that need one."""
    return stream(0, "other").integers(0, 200, pixels.shape).astype(pixels.dtype)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


@every_transform
@pytest.mark.parametrize("shape", shapes, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_shape_and_type_stay(transform: Transform, shape: tuple[int, ...], dtype: str) -> None:
    pixels = image_of(shape, dtype)
    before = pixels.copy()
    changed = transform(pixels, stream(0, transform.name), other=another(pixels))
    assert (changed.shape, changed.dtype) == (pixels.shape, pixels.dtype)
    assert changed.flags.c_contiguous
    assert not np.shares_memory(changed, pixels)
    np.testing.assert_array_equal(pixels, before)


@every_transform
@pytest.mark.parametrize("shape", shapes, ids=str)
def test_the_same_stream_gives_the_same_bytes(transform: Transform, shape: tuple[int, ...]) -> None:
    pixels = image_of(shape)
    first, again = (transform(pixels, stream(3, transform.name), other=another(pixels)) for _ in range(2))
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_CHANCE])
@pytest.mark.parametrize("shape", shapes, ids=str)
def test_another_stream_gives_another_image(name: str, shape: tuple[int, ...]) -> None:
    pixels = image_of(shape, "float32")
    transform = by_name([name])[0]
    assert len({transform(pixels, stream(seed)).tobytes() for seed in range(8)}) > 1


@every_transform
@settings(max_examples=25, deadline=None)
@given(
    pixels=hnp.arrays(
        st.sampled_from(["uint8", "int16", "float32"]),
        hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=5),
        elements=st.integers(0, 100),
    )
)
def test_any_small_image_is_transformed(transform: Transform, pixels: np.ndarray) -> None:
    changed = transform(pixels, stream(0), other=another(pixels))
    assert (changed.shape, changed.dtype) == (pixels.shape, pixels.dtype)
    assert np.isfinite(changed.astype(float)).all()


@every_transform
@pytest.mark.parametrize("level", [0.1, 7.0])
def test_a_constant_image_stays_as_it_is(transform: Transform, level: float) -> None:
    pixels = np.full((1, 9, 9), level, np.float32)
    np.testing.assert_array_equal(transform(pixels, stream(0), other=another(pixels)), pixels)


@every_transform
def test_a_constant_channel_beside_another_is_no_trouble(transform: Transform) -> None:
    pixels = image_of((2, 16, 16), "float32")
    pixels[1] = 0.1
    changed = transform(pixels, stream(0), other=another(pixels))
    np.testing.assert_allclose(changed[1], 0.1, rtol=1e-6)


def test_white_does_not_wrap_round_to_black() -> None:
    pixels = image_of((1, 32, 32))
    pixels[0, :16] = 255
    changed = by_name(["noise"])[0](pixels, stream(0))
    assert changed[0, :16].min() > 150


def test_exact_changes_nothing() -> None:
    pixels = image_of((1, 9, 9))
    np.testing.assert_array_equal(by_name(["exact"])[0](pixels, stream(0)), pixels)


@pytest.mark.parametrize("shape", [(1, 128, 128), (1, 24, 24, 24)], ids=str)
def test_noise_correlates_as_its_strength_says(shape: tuple[int, ...]) -> None:
    pixels = image_of(shape, "float32")
    changed = by_name(["noise"])[0](pixels, stream(0))
    assert correlation(pixels, changed) == pytest.approx(1 / np.sqrt(1 + 0.2**2), abs=0.003)
    assert np.std(changed - pixels) == pytest.approx(0.2 * np.std(pixels), rel=0.05)


def test_blur_spreads_a_point_over_its_share_of_the_longest_side() -> None:
    point = np.zeros((1, 51, 401), np.float64)
    point[0, 25, 200] = 1
    spread = by_name(["blur"])[0](point, stream(0))
    rows = np.arange(51) - 25
    assert spread.sum() == pytest.approx(1)
    assert np.sqrt((spread[0].sum(axis=1) * rows**2).sum()) == pytest.approx(4.01, rel=0.02)


def test_blur_is_the_same_for_a_film_and_for_a_flat_volume() -> None:
    """The one is blurred by OpenCV, the other by SciPy."""
    blur = by_name(["blur"])[0]
    film = stream(0).random((5, 90, 150), np.float32)
    np.testing.assert_allclose(blur(film, stream(0)), blur(film[..., None], stream(0))[..., 0], atol=1e-6)


def test_blur_leaves_channels_apart() -> None:
    pixels = np.zeros((2, 60, 200))
    pixels[0, 30, 100] = 1
    assert by_name(["blur"])[0](pixels, stream(0))[1].max() == 0


def test_flip_exchanges_the_columns_of_a_film_and_the_x_of_a_volume() -> None:
    flip = by_name(["flip"])[0]
    film, volume = image_of((1, 6, 8)), image_of((1, 4, 5, 6))
    np.testing.assert_array_equal(flip(film, stream(0)), film[:, :, ::-1])
    np.testing.assert_array_equal(flip(volume, stream(0)), volume[:, ::-1])


def test_gamma_keeps_black_white_and_order() -> None:
    pixels = np.linspace(-50, 150, 100).reshape(1, 10, 10)
    exponents = []
    for i in range(60):
        changed = by_name(["gamma"])[0](pixels, stream(i))
        assert changed.ravel()[[0, -1]] == pytest.approx([-50, 150])
        assert np.all(np.diff(changed.ravel()) > 0)
        exponents.append(np.log((changed.ravel()[50] + 50) / 200) / np.log(50 / 99))
    assert 1 / 1.6 - 1e-9 <= min(exponents) < 0.7
    assert 1.45 < max(exponents) <= 1.6 + 1e-9


def test_combined_flips_about_every_second_image() -> None:
    pixels = image_of((1, 32, 32), "float32")
    combined, mirrored = by_name(["combined"])[0], pixels[:, :, ::-1]
    changed = [combined(pixels, stream(i)) for i in range(60)]
    n_flipped = sum(correlation(c, mirrored) > correlation(c, pixels) for c in changed)
    assert 15 <= n_flipped <= 45


def test_a_transform_that_needs_another_image_says_so() -> None:
    (blend,) = by_name(["blend"])
    assert [transform.name for transform in ALL if transform.needs_other] == ["blend"]
    with pytest.raises(AssertionError, match="blend needs another image"):
        blend(image_of((1, 9, 9)), stream(0))


def test_no_name_is_in_both_lists() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_names_are_found_in_the_order_asked() -> None:
    assert [transform.name for transform in by_name(["crop", "exact"])] == ["crop", "exact"]


def test_all_unknown_names_are_named_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        by_name(["noise", "melt", "burn"])
    assert [problem.what for problem in refusal.value.problems] == [
        "knows no transform 'melt'",
        "knows no transform 'burn'",
    ]
    assert "elastic" in refusal.value.problems[0].cure


def test_the_list_is_documented_with_its_strengths() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "transforms.md").read_text()
    for transform in ALL:
        assert f"| `{transform.name}` | {transform.strength:g} |" in page


@pytest.mark.parametrize("transform", STANDARD, ids=NAMES[: len(STANDARD)])
def test_a_real_film_is_changed_but_can_be_recognised(transform: Transform) -> None:
    path = sorted((real_data("chest_xray") / "NORMAL").iterdir())[0]
    pixels = np.asarray(PIL.Image.open(path).convert("L"))[None]
    changed = transform(pixels, stream(0, transform.name))
    undone = changed[:, :, ::-1] if transform.name == "flip" else changed
    assert 0.6 < correlation(pixels, undone) <= 1
    assert (transform.name == "exact") == np.array_equal(pixels, changed)
