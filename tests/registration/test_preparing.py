"""Small pictures do not change with brightness and contrast."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.registration.preparing import halved, prepared, small_space
from registration.pictures import smooth


def test_proportions_are_kept_and_small_images_stay() -> None:
    assert small_space((224, 112), 64) == (64, 32)
    assert small_space((20, 30), 64) == (20, 30)
    assert small_space((1000, 2), 64) == (64, 1)


def test_every_channel_has_mean_zero_and_variance_one() -> None:
    pictures = prepared(smooth(2, (50, 90), channels=3), 40)
    assert pictures.shape == (2, 3, 22, 40)
    torch.testing.assert_close(pictures.mean(dim=(2, 3)), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(pictures.square().mean(dim=(2, 3)), torch.ones(2, 3))


@pytest.mark.parametrize("change", [lambda v: 3 * v + 5000, lambda v: v**1.5, np.log1p])
def test_a_monotone_change_hardly_shows(change: object) -> None:
    values = smooth(2, (64, 64), sigma=5).astype(np.float64) + 20
    before, after = prepared(values, 64), prepared(change(values), 64)
    assert (before * after).mean() > 0.98


def test_an_offset_far_from_zero_does_no_harm() -> None:
    values = smooth(1, (32, 32)).astype(np.float64)
    torch.testing.assert_close(prepared(values + 1e9, 32), prepared(values, 32), atol=1e-4, rtol=0)


def test_noise_in_an_empty_background_stays_small() -> None:
    values = np.zeros((1, 1, 64, 64))
    values[..., 20:44, 20:44] = smooth(1, (24, 24)) + 100
    noisy = values + np.random.default_rng(0).normal(size=values.shape) * 0.03 * values.std()
    background = (prepared(noisy, 64) - prepared(values, 64))[..., :16, :]
    assert background.std() < 0.25  # by plain ranks it would be 0.86


def test_a_single_hot_pixel_does_not_flatten_the_rest() -> None:
    values = smooth(1, (64, 64)).astype(np.float64)
    hot = values.copy()
    hot[0, 0, 3, 3] = 1e7
    inside = (slice(None), slice(None), slice(10, None), slice(10, None))
    assert torch.corrcoef(torch.stack([prepared(v, 64)[inside].flatten() for v in (values, hot)]))[0, 1] > 0.9


def test_a_constant_channel_is_all_zeros() -> None:
    images = smooth(1, (16, 16), channels=2)
    images[:, 1] = 9
    pictures = prepared(images, 16)
    assert (pictures[:, 1] == 0).all()
    assert pictures[:, 0].std() > 0.9


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        prepared(np.full((1, 1, 4, 4), np.inf), 4)


def test_halves_are_averages() -> None:
    pictures = prepared(smooth(1, (8, 8)), 8)
    expected = pictures.reshape(1, 1, 4, 2, 4, 2).mean(dim=(3, 5))
    torch.testing.assert_close(halved(pictures), expected)
    assert halved(pictures[..., :7]).shape == (1, 1, 4, 4)
