"""Is a copied part outlined, wherever it lies and however its intensities changed?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.encoders.detail import agreement
from doppelscan.search.outline import finely_outlined, outlined
from textures import textures, turned

HOST, SOURCE, STRANGER = textures(3, (1, 120, 120))


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def pasted(part: np.ndarray, shape: tuple[int, ...] = (120, 120)) -> tuple[np.ndarray, np.ndarray]:
    """The host with a box of another image in it, and where that is."""
    mask = np.zeros(shape, dtype=bool)
    mask[20:80, 30:90] = True
    return np.where(mask, part, HOST), mask


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x,
        lambda x: 255 - x,
        lambda x: (255 * (x / 255) ** 1.6).astype(np.uint8),
        lambda x: np.clip(x + np.random.default_rng(0).normal(size=x.shape) * 10, 0, 255).astype(np.uint8),
    ],
    ids=["exact", "inverted", "gamma", "noisy"],
)
def test_a_part_is_outlined(change) -> None:  # type: ignore[no-untyped-def]
    image, mask = pasted(change(SOURCE))
    assert iou(outlined(image, SOURCE), mask) > 0.75


def test_of_a_whole_copy_everything_is_outlined() -> None:
    assert outlined(SOURCE, SOURCE).mean() > 0.98


def test_a_part_that_was_turned_and_zoomed_is_outlined_once_the_reference_is_moved_onto_it() -> None:
    moved, back = turned(SOURCE, 25.0, 1.2)
    image, mask = pasted(moved)
    laid = cv2.warpAffine(SOURCE[0], back, (120, 120), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert iou(outlined(image, laid[None]), mask) > 0.7
    assert iou(outlined(image, SOURCE), mask) < 0.3


def test_a_part_of_a_volume_is_outlined_by_the_same_code() -> None:
    host, source = textures(2, (1, 24, 30, 28))
    mask = np.zeros((24, 30, 28), dtype=bool)
    mask[4:18, 6:22, 5:20] = True
    assert iou(outlined(np.where(mask, source, host), source), mask) > 0.5


@pytest.fixture(scope="module")
def slices() -> np.ndarray:
    """Three images that are alike but for their grain."""
    alike = 100 + 60 * np.sin(np.arange(96) / 9)[:, None] * np.cos(np.arange(96) / 13)
    return (alike + np.random.default_rng(0).normal(0, 3, (3, 1, 96, 96))).round().astype(np.uint8)


def test_a_small_part_of_images_that_are_alike_is_outlined_by_its_finest_detail(slices: np.ndarray) -> None:
    mask = np.zeros((96, 96), dtype=bool)
    mask[31:55, 50:72] = True
    image = np.where(mask, slices[1], slices[0])
    assert iou(finely_outlined(image, slices[1]), mask) > 0.75
    assert iou(outlined(image, slices[1]), mask) < 0.5
    assert not finely_outlined(image, slices[2]).any()
    assert finely_outlined(slices[1], slices[1]).mean() > 0.98


def test_agreement_is_high_for_a_copy_low_for_a_stranger_and_none_without_detail() -> None:
    assert np.median(agreement(SOURCE, SOURCE)) > 0.9
    assert abs(np.median(agreement(SOURCE, STRANGER))) < 0.3
    assert not agreement(SOURCE, np.full_like(SOURCE, 9)).any()
    assert not outlined(SOURCE, np.full_like(SOURCE, 9)).any()
    assert not finely_outlined(SOURCE, np.full_like(SOURCE, 9)).any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 300), (1, 3, 4, 5)])
def test_images_of_any_shape_have_an_outline_of_their_shape(shape: tuple[int, ...]) -> None:
    first, second = np.random.default_rng(0).normal(size=(2, *shape))
    assert outlined(first, second).shape == finely_outlined(first, second).shape == shape[1:]
    assert np.abs(agreement(first, second)).max() <= 1
