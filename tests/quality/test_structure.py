"""MS-SSIM: against plain loops in two and three dimensions, and at the edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from doppelscan.quality.structure import WEIGHTS, ms_ssim, n_scales
from doppelscan.seeds import stream
from textures import textures


def in_loops(a: np.ndarray, b: np.ndarray, span: float, n: int) -> float:
    """One window after the other, the published constants written out."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    line = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    line /= line.sum()
    d = a.ndim - 1
    window = line
    for _ in range(d - 1):
        window = np.multiply.outer(window, line)
    score, weights = 1.0, np.array(WEIGHTS[:n]) / (sum(WEIGHTS[:n]) if n < 5 else 1.0)
    for scale in range(n):
        whole, contrast = [], []
        for channel in range(len(a)):
            for at in itertools.product(*(range(s - 10) for s in a.shape[1:])):
                place = (channel, *(slice(i, i + 11) for i in at))
                x, y = a[place], b[place]
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                both = (window * (x - mx) * (y - my)).sum()
                contrast.append((2 * both + c2) / (vx + vy + c2))
                whole.append((2 * mx * my + c1) / (mx**2 + my**2 + c1) * contrast[-1])
        score *= max(float(np.mean(whole if scale == n - 1 else contrast)), 0.0) ** weights[scale]
        for axis in range(1, d + 1):
            pairs = a.shape[axis] // 2
            a, b = (
                (v.take(range(0, 2 * pairs, 2), axis) + v.take(range(1, 2 * pairs, 2), axis)) / 2
                for v in (a, b)
            )
    return score


def noisy(image: np.ndarray, amount: float) -> np.ndarray:
    return image + stream(1, "noise").normal(0, amount, image.shape)


@pytest.mark.parametrize("shape", [(1, 24, 31), (2, 13, 12), (1, 12, 13, 11)])
def test_it_is_the_published_formula(shape: tuple[int, ...]) -> None:
    image = textures(1, shape)[0].astype(float)
    other = noisy(image, 30)
    assert ms_ssim(image, other, 255) == pytest.approx(
        in_loops(image, other, 255, n_scales(shape[1:])), abs=1e-9
    )


def test_large_images_have_five_scales_of_the_published_weights() -> None:
    assert n_scales((176, 200)) == 5
    assert n_scales((175, 200)) == 4
    assert n_scales((60, 60, 60)) == 3


def test_equal_images_score_one_and_noise_lowers_it() -> None:
    image = textures(1, (1, 64, 64))[0].astype(float)
    scores = [ms_ssim(image, noisy(image, amount), 255) for amount in (0, 10, 40, 160)]
    assert scores[0] == pytest.approx(1.0)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.6


def test_an_inverted_image_scores_nothing_and_breaks_nothing() -> None:
    image = textures(1, (1, 40, 40))[0].astype(float)
    assert ms_ssim(image, 255 - image, 255) < 0.05


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 40), (1, 2, 3, 4), (2, 8, 8)])
def test_small_narrow_and_constant_images_have_a_score(shape: tuple[int, ...]) -> None:
    image = stream(0, "small").uniform(0, 1, shape)
    assert ms_ssim(image, image, 1.0) == pytest.approx(1.0)
    assert 0 <= ms_ssim(image, np.zeros(shape), 1.0) <= 1
    assert ms_ssim(np.zeros(shape), np.zeros(shape), 1.0) == pytest.approx(1.0)
