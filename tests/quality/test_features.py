"""Vectors of a set come in its order, whatever the blocks, and from the cache the second time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from doppelscan.imagesets import ImageSet
from doppelscan.quality import features
from doppelscan.quality.features import features_of
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
    monkeypatch.setattr(features, "_SHARD", 4)
    eye = Means()
    found = features_of(IMAGES, eye, resources=Resources(memory=memory, workers=1), progress=silent)
    assert found[:, 0] == pytest.approx(EXPECTED)
    assert max(eye.seen) == largest


def test_what_was_encoded_is_not_encoded_again_unless_the_encoder_or_an_image_is_another() -> None:
    resources = Resources(memory=2**24, workers=1)
    first = Means()
    features_of(IMAGES, first, resources=resources, progress=silent)
    again = Means()
    assert features_of(IMAGES, again, resources=resources, progress=silent)[:, 0] == pytest.approx(EXPECTED)
    assert (first.seen, again.seen) == ([11], [])
    other = Means("other")
    features_of(IMAGES, other, resources=resources, progress=silent)
    features_of(IMAGES.take([1, 0]), again, resources=resources, progress=silent)
    assert (other.seen, again.seen) == ([11], [2])


def test_progress_ends_with_the_last_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_SHARD", 4)
    told: list[tuple[str, int, int]] = []
    features_of(
        IMAGES,
        Means(),
        resources=Resources(memory=2**24, workers=1),
        progress=lambda *said: told.append(said),
    )
    assert told == [("encoding films", done, 11) for done in (0, 4, 8, 11)]
