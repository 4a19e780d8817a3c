"""Do the filters keep what is smooth, and do they do what their plain definition says?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.generators.nets.stylegan2_filters import blurred, downsampled, upsampled

TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def filtered(image: np.ndarray, before: int, after: int) -> np.ndarray:
    """The filter in plain loops, on an image with zeros around it."""
    padded = np.pad(image, (before, after))
    rows, columns = padded.shape[0] - 3, padded.shape[1] - 3
    return np.array(
        [[(padded[i : i + 4, j : j + 4] * TAPS).sum() for j in range(columns)] for i in range(rows)]
    )


@pytest.mark.parametrize("space", [(4, 6), (1, 1), (5, 3)])
def test_upsampling_is_zeros_between_pixels_and_the_filter(space: tuple[int, int]) -> None:
    images = torch.randn(2, 3, *space, dtype=torch.float64)
    found = upsampled(images).numpy()
    assert found.shape == (2, 3, 2 * space[0], 2 * space[1])
    for image, made in zip(
        images.numpy().reshape(6, *space), found.reshape(6, *found.shape[2:]), strict=True
    ):
        spread = np.zeros((2 * space[0], 2 * space[1]))
        spread[::2, ::2] = image
        assert made == pytest.approx(4 * filtered(spread, 2, 1), abs=1e-12)


@pytest.mark.parametrize("space", [(4, 6), (2, 2)])
def test_downsampling_is_the_filter_and_every_second_pixel(space: tuple[int, int]) -> None:
    images = torch.randn(2, 3, *space, dtype=torch.float64)
    found = downsampled(images).numpy().reshape(6, space[0] // 2, space[1] // 2)
    for image, made in zip(images.numpy().reshape(6, *space), found, strict=True):
        assert made == pytest.approx(filtered(image, 1, 1)[::2, ::2], abs=1e-12)


def test_blurring_is_the_filter_times_its_gain() -> None:
    image = torch.randn(1, 1, 7, 5, dtype=torch.float64)
    assert blurred(image, padding=2, gain=3.0)[0, 0].numpy() == pytest.approx(
        3 * filtered(image[0, 0].numpy(), 2, 2), abs=1e-12
    )


@pytest.mark.parametrize("change", [upsampled, downsampled])
def test_away_from_the_border_constants_and_slopes_stay_what_they_are(change) -> None:
    assert change(torch.full((1, 2, 16, 16), 0.7))[:, :, 2:-2, 2:-2] == pytest.approx(0.7, abs=1e-6)
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    steps = change(slope)[0, 0, 4, 2:-2].diff()
    assert steps == pytest.approx(torch.full_like(steps, 0.5 if change is upsampled else 2.0), abs=1e-5)


@pytest.mark.parametrize("change", [upsampled, downsampled])
def test_the_mean_is_kept_where_the_border_is_empty(change) -> None:
    images = torch.zeros(1, 1, 12, 12)
    images[:, :, 3:-3, 3:-3] = torch.rand(6, 6)
    assert float(change(images).mean()) == pytest.approx(float(images.mean()), rel=1e-5)
