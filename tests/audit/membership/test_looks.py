"""Looks are what plain loops count, for any images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.audit.membership.looks import looks_of, span_of
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources

LITTLE, PLENTY = Resources(memory=1, workers=1, device="cpu"), Resources(2**28, 1, "cpu")


def noise(n: int, *shape: int, dtype: str = "uint8") -> ImageSet:
    return ImageSet.from_arrays(stream(0, "noise", n).integers(0, 200, (n, *shape)).astype(dtype))


def loop_coarse(channel: np.ndarray, n_parts: int) -> list[float]:
    starts = [
        [k * length // min(length, n_parts) for k in range(min(length, n_parts) + 1)]
        for length in channel.shape
    ]
    return [
        float(channel[a:b, c:d].mean())
        for a, b in zip(starts[0], starts[0][1:], strict=False)
        for c, d in zip(starts[1], starts[1][1:], strict=False)
    ]


@pytest.mark.parametrize("shape", [(1, 19, 11), (3, 6, 9), (2, 5, 1)], ids=str)
def test_the_coarse_picture_and_the_tones_are_what_plain_loops_count(shape: tuple[int, ...]) -> None:
    images = noise(4, *shape)
    span = span_of(images, resources=PLENTY)
    looks = looks_of(images, span, PLENTY)
    for i, image in enumerate(images):
        width = (span.high - span.low)[:, None, None]
        unit = (image.pixels - span.low[:, None, None]) / width
        np.testing.assert_allclose(looks.coarse[i], [v for channel in unit for v in loop_coarse(channel, 8)])
        tones = [
            sum(min(int(value * 16), 15) == tone for value in channel.ravel()) / channel.size
            for channel in unit
            for tone in range(16)
        ]
        np.testing.assert_allclose(looks.tones[i], tones)


def test_detail_is_the_mean_and_the_squared_differences_at_every_scale() -> None:
    images = noise(3, 1, 16, 32)
    span = span_of(images, resources=PLENTY)
    looks = looks_of(images, span, PLENTY)
    for i, image in enumerate(images):
        unit = (image.pixels[0] - span.low) / (span.high - span.low)
        expected = [unit.mean()]
        for _ in range(4):
            down = np.mean(
                [
                    (unit[r + 1, c] - unit[r, c]) ** 2
                    for r in range(unit.shape[0] - 1)
                    for c in range(unit.shape[1])
                ]
            )
            across = np.mean(
                [
                    (unit[r, c + 1] - unit[r, c]) ** 2
                    for r in range(unit.shape[0])
                    for c in range(unit.shape[1] - 1)
                ]
            )
            expected.append(math.log((down + across) / 2 + 1e-10))
            unit = unit.reshape(unit.shape[0] // 2, 2, unit.shape[1] // 2, 2).mean((1, 3))
        np.testing.assert_allclose(looks.detail[i], expected)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 7, 1), (1, 5, 6, 7), (5, 3, 9)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_any_images_have_finite_looks_of_one_width_in_any_blocks(shape: tuple[int, ...], dtype: str) -> None:
    images = ImageSet.from_arrays(
        np.concatenate([noise(3, *shape, dtype=dtype).read(0, 3), np.full((1, *shape), 7, dtype=dtype)])
    )
    span = span_of(images, resources=LITTLE)
    looks = looks_of(images, span, PLENTY)
    assert np.isfinite(looks.all).all()
    assert len(looks.all) == 4
    np.testing.assert_allclose(looks_of(images, span, LITTLE).all, looks.all)
    np.testing.assert_allclose(looks_of(images.take([2]), span, PLENTY).all[0], looks.all[2])


def test_the_span_is_that_of_all_sets() -> None:
    dark, bright = (ImageSet.from_arrays(np.full((2, 1, 3, 3), v, np.uint8)) for v in (3, 200))
    span = span_of(dark, bright, resources=LITTLE)
    assert (span.low.tolist(), span.high.tolist()) == ([3], [200])
