"""The work on each image comes out the same however many processes do it, and stops at an image that cannot be kept."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.images import Image
from doppelscan.imagesets import ImageSet
from doppelscan.release import packing
from doppelscan.release.burnt_in import holds_text
from doppelscan.release.fingerprinting import pixel_fingerprint
from doppelscan.release.forms import Labelled, kept
from doppelscan.release.packing import packed

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 1, 12, 10), dtype=np.uint8)
IMAGES = ImageSet.from_arrays(PIXELS)


@pytest.mark.parametrize("form", ["png", "npz"])
def test_each_image_is_packed_told_and_looked_at(form: str) -> None:
    found = list(packed(IMAGES, form, workers=1))  # type: ignore[arg-type]
    assert [one.pixels for one in found] == [pixel_fingerprint(image) for image in PIXELS]
    assert [one.has_text for one in found] == [holds_text(image) for image in PIXELS]
    for place, one in enumerate(found, start=1):
        expected = kept(form, Labelled(f"number-{place:06d}", Image(PIXELS[place - 1])))[1]  # type: ignore[arg-type]
        assert one.kept.name == expected.name
        np.testing.assert_array_equal(np.asarray(one.kept.content), np.asarray(expected.content))


@pytest.mark.slow
def test_two_processes_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = list(packed(IMAGES, "png", workers=1))
    monkeypatch.setattr(packing, "_WORTH", 1)
    monkeypatch.setattr(packing, "_GROUP", 2)
    together = list(packed(IMAGES, "png", workers=2))
    assert [(one.kept.content, one.pixels, one.has_text) for one in together] == [
        (one.kept.content, one.pixels, one.has_text) for one in alone
    ]
    wide = ImageSet.from_arrays(PIXELS.astype(np.uint16))
    with pytest.raises(InputError, match=r"number-000001.*16"):
        list(packed(wide, "png", workers=2))


def test_a_few_images_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(packing, "map_ordered", lambda *_, workers, group: asked.append(workers) or iter(()))
    for n in (9, 1100):
        many = IMAGES.take(np.arange(n) % 9)
        list(packed(many, "png", workers=4))
    assert asked == [0, 2]
