"""Values are changed as each change's name says, channel by channel, in films and volumes alike."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.images import tones
from doppelscan.seeds import stream

shapes = pytest.mark.parametrize("shape", [(2, 40, 30), (1, 12, 16, 10)], ids=str)


def grains(shape: tuple[int, ...], name: str = "grains") -> np.ndarray:
    return (1000 * stream(0, name).random(shape) - 200).astype(np.float32)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@shapes
def test_down_sampling_is_an_average_of_blocks_where_they_fit(shape: tuple[int, ...]) -> None:
    """A picture of 2 x 2 pixels enlarged by four comes back as itself; one pixel's noise is averaged away."""
    flat = np.zeros(tuple(4 * length for length in shape[1:]))
    flat[tuple(slice(8) for _ in shape[1:])] = 1
    coarse = tones.downsampling(flat[None], 4.0, stream(0))[0]
    middle = tuple(slice(1, 6) for _ in shape[1:])
    np.testing.assert_allclose(coarse[middle], 1)
    noise = grains(shape)
    kept = tones.downsampling(noise, 4.0, stream(0)).std() / noise.std()
    assert kept < 1.1 / 4 ** ((len(shape) - 1) / 2)


@pytest.mark.parametrize("shape", [(1, 3, 200), (1, 2, 2), (1, 1, 7)], ids=str)
def test_down_sampling_leaves_a_pixel_along_a_short_axis(shape: tuple[int, ...]) -> None:
    coarse = tones.downsampling(grains(shape), 4.0, stream(0))
    assert coarse.shape == shape
    assert np.isfinite(coarse).all()


@shapes
def test_inversion_exchanges_black_and_white_and_undoes_itself(shape: tuple[int, ...]) -> None:
    values = grains(shape)
    inverted = tones.inversion(values, 1.0, stream(0))
    assert correlation(values[0], inverted[0]) == pytest.approx(-1)
    for before, after in zip(values, inverted, strict=True):
        assert (after.min(), after.max()) == pytest.approx((before.min(), before.max()), rel=1e-5)
    np.testing.assert_allclose(tones.inversion(inverted, 1.0, stream(0)), values, atol=1e-3)


@shapes
def test_clipping_loses_its_share_of_the_pixels_and_stretches_the_rest(shape: tuple[int, ...]) -> None:
    values = grains(shape)
    dark_shares = []
    for i in range(30):
        clipped = tones.clipping(values, 0.33, stream(i))
        for before, after in zip(values, clipped, strict=True):
            low, high = before.min(), before.max()
            assert (after.min(), after.max()) == pytest.approx((low, high), rel=1e-5)
            dark, bright = np.isclose(after, low), np.isclose(after, high)
            assert (dark | bright).mean() == pytest.approx(0.33, abs=0.01)
            assert np.all(np.diff(after.ravel()[np.argsort(before.ravel())]) >= 0)
            dark_shares.append(dark.mean())
    assert min(dark_shares) < 0.05
    assert max(dark_shares) > 0.28


def test_clipping_leaves_a_channel_of_two_values_as_it_is() -> None:
    values = np.zeros((1, 20, 20), np.float32)
    values[0, 0] = 7
    np.testing.assert_array_equal(tones.clipping(values, 0.33, stream(0)), values)


@shapes
def test_a_blend_holds_its_share_of_both_whatever_their_units(shape: tuple[int, ...]) -> None:
    values, other = grains(shape), 50 * grains(shape, "other") + 9000
    blended = tones.blend(values, other, 0.35)
    for before, beside, after in zip(values, other, blended, strict=True):
        fitted = before.mean() + (beside - beside.mean()) / beside.std() * before.std()
        np.testing.assert_allclose(after, 0.65 * before + 0.35 * fitted, rtol=1e-3, atol=0.05)
    assert tones.blend(values, other, 0.0) == pytest.approx(values)


def test_a_blend_with_a_constant_image_only_loses_contrast() -> None:
    values = grains((1, 9, 9))
    paled = tones.blend(values, np.full_like(values, 3), 0.35)
    np.testing.assert_allclose(paled, values.mean() + 0.65 * (values - values.mean()), atol=1e-2)


@shapes
def test_each_channel_is_changed_by_its_own_range(shape: tuple[int, ...]) -> None:
    values = np.concatenate([grains(shape)[:1], 100 * grains(shape)[:1] + 5])
    for change in (tones.noise, tones.gamma, tones.inversion, tones.clipping):
        first, second = change(values, 0.5, stream(1))
        assert first.std() / values[0].std() == pytest.approx(second.std() / values[1].std(), rel=0.1)
