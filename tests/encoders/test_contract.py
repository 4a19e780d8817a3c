"""One contract for every encoder: an image has one vector, in any company, whatever type its pixels are stored as."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.encoders.contrastive import ContrastiveSettings, fit
from doppelscan.encoders.pretrained import pretrained
from doppelscan.imagesets import ImageSet

CHANCE = np.random.default_rng(0)
PIXELS = CHANCE.integers(0, 256, (9, 1, 30, 22), dtype=np.uint8)
PIXELS[4] = 7  # constant


def contrastive(folder: Path) -> Any:
    return fit(ImageSet.from_arrays(PIXELS[:6]), ContrastiveSettings(side=32, epochs=1))


def torchscript(folder: Path) -> Any:
    """In place of a published network: the means of squares."""
    file = folder / "tiny.torchscript.pt"
    if not file.exists():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.jit.save(torch.jit.script(nn.Sequential(nn.AvgPool2d(40), nn.Flatten())), str(file))
    return pretrained(file)


ENCODERS = {"contrastive": contrastive, "torchscript": torchscript}
"""What makes one of each kind, small; a new kind of encoder is added here."""


@pytest.fixture(scope="module", params=ENCODERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The same encoder, made twice."""
    folder, make = tmp_path_factory.mktemp(request.param), ENCODERS[request.param]
    return make(folder), make(folder)


@pytest.fixture
def encoder(made: tuple[Any, Any]) -> Any:
    return made[0]


def test_a_vector_is_the_same_to_the_bit_in_any_company_and_order(encoder: Any) -> None:
    together = encoder.vectors(PIXELS)
    alone = [encoder.vectors(PIXELS[i : i + 1]) for i in range(len(PIXELS))]
    assert np.array_equal(np.concatenate(alone), together)
    assert np.array_equal(encoder.vectors(PIXELS[::-1]), together[::-1])


def test_every_image_has_a_finite_vector_and_no_images_have_none(encoder: Any) -> None:
    vectors = encoder.vectors(PIXELS)
    assert (vectors.dtype, vectors.ndim, len(vectors)) == (np.float32, 2, len(PIXELS))
    assert np.isfinite(vectors).all()
    assert encoder.vectors(PIXELS[:0]).shape == (0, vectors.shape[1])


@pytest.mark.parametrize("other", [PIXELS.astype(np.uint16) * 257, PIXELS / 255, PIXELS.astype(np.float32)])
def test_the_type_of_the_pixels_changes_nothing(encoder: Any, other: np.ndarray) -> None:
    assert encoder.vectors(other) == pytest.approx(encoder.vectors(PIXELS), abs=1e-4)


def test_the_pixels_given_are_left_as_they_were(encoder: Any) -> None:
    given = PIXELS.copy()
    encoder.vectors(given)
    assert np.array_equal(given, PIXELS)


def test_a_noisy_copy_is_nearer_to_its_image_than_any_other_is(encoder: Any) -> None:
    images = np.delete(PIXELS, 4, axis=0)
    noisy = np.clip(images + CHANCE.normal(0, 4, images.shape), 0, 255).astype(np.uint8)
    apart = np.linalg.norm(encoder.vectors(noisy)[:, None] - encoder.vectors(images), axis=2)
    assert list(apart.argmin(axis=1)) == list(range(len(images)))


def test_the_fingerprint_is_that_of_the_weights(made: tuple[Any, Any], tmp_path: Path) -> None:
    first, again = made
    assert first.fingerprint == again.fingerprint
    others = {make(tmp_path).fingerprint for make in ENCODERS.values()}
    assert len(others) == len(ENCODERS)
