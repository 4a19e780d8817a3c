"""Vectors of a set come in its order, whatever the blocks, and from the cache the second time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks, vectors
from doppelscan.search.vectors import Encoder, vectors_of
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures


@dataclass
class Means:
    """The mean of each image; it counts how many it has seen."""

    fingerprint: str = "means"
    seen: list[int] = field(default_factory=list)

    def vectors(self, pixels: np.ndarray) -> np.ndarray:
        self.seen.append(len(pixels))
        return pixels.reshape(len(pixels), -1).mean(axis=1, keepdims=True).astype(np.float32)


IMAGES = ImageSet.from_arrays(textures(11, (1, 8, 8)), name="films")
EXPECTED = IMAGES.read(0, 11).reshape(11, -1).mean(axis=1)


@pytest.mark.parametrize(("memory", "largest"), [(2**24, 4), (8 * 8 * 64 * 3, 3), (1, 1)])
def test_they_are_in_order_in_blocks_that_fit(
    memory: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_SHARD", 4)
    encoder = Means()
    found = vectors_of(IMAGES, encoder, resources=Resources(memory=memory, workers=1), progress=silent)
    assert found[:, 0] == pytest.approx(EXPECTED)
    assert max(encoder.seen) == largest


def test_what_was_encoded_is_not_encoded_again_unless_the_encoder_or_an_image_is_another() -> None:
    resources = Resources(memory=2**24, workers=1)
    first = Means()
    vectors_of(IMAGES, first, resources=resources, progress=silent)
    again = Means()
    assert vectors_of(IMAGES, again, resources=resources, progress=silent)[:, 0] == pytest.approx(EXPECTED)
    assert (first.seen, again.seen) == ([11], [])
    other = Means("other")
    vectors_of(IMAGES, other, resources=resources, progress=silent)
    vectors_of(IMAGES.take([1, 0]), again, resources=resources, progress=silent)
    assert (other.seen, again.seen) == ([11], [2])


def test_progress_ends_with_the_last_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_SHARD", 4)
    told: list[tuple[str, int, int]] = []
    vectors_of(
        IMAGES,
        Means(),
        resources=Resources(memory=2**24, workers=1),
        progress=lambda *said: told.append(said),
        work="encoding films",
    )
    assert told == [("encoding films", done, 3) for done in range(4)]


def test_images_that_are_no_set_are_encoded_and_not_kept() -> None:
    resources, encoder = Resources(memory=2**24, workers=1), Means()
    blocks = ArrayBlocks(IMAGES.read(0, 11))
    for _ in range(2):
        found = vectors_of(blocks, encoder, resources=resources, progress=silent)
        assert found[:, 0] == pytest.approx(EXPECTED)
    assert encoder.seen == [11, 11]
    assert isinstance(encoder, Encoder)
    assert (
        vectors_of(ArrayBlocks(blocks.pixels[:0]), encoder, resources=resources, progress=silent).shape[0]
        == 0
    )
