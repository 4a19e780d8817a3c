"""A model that is there already gives so many images of each label, whatever was granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from doppelscan.generators import Drawing
from doppelscan.imagesets import ImageSet
from doppelscan.utility import Drawn, Maker
from doppelscan.workers import Progress, silent
from lesions import lesions

COUNTS = {"melanoma": 3, "nevus": 2, "psoriasis": 0}


@dataclass
class Telling:
    """A generator whose images tell their seed; it remembers what it was asked for."""

    fingerprint: str = "telling"
    asked: list[Drawing] = field(default_factory=list)

    def sample(self, seeds: Sequence[int], options: Drawing | None = None) -> ImageSet:
        assert options is not None
        self.asked.append(options)
        pixels = np.array([[[[seed]]] for seed in seeds], dtype=np.float64).reshape(-1, 1, 1, 1)
        table = pd.DataFrame({"id": [f"{seed:08d}" for seed in seeds], "label": options.label})
        return ImageSet.from_arrays(pixels, table)

    def sample_to(
        self,
        seeds: Sequence[int],
        out: Path,
        options: Drawing | None = None,
        *,
        progress: Progress = silent,
    ) -> ImageSet:
        raise AssertionError("nothing is written")


def seeds_of(images: ImageSet, label: str) -> list[float]:
    rows = images.table["label"] == label
    return images.read(0, len(images))[rows.to_numpy()].ravel().tolist()


def test_it_is_a_maker_that_may_know_more_than_was_granted() -> None:
    maker = Drawn(Telling(), "ours")
    assert isinstance(maker, Maker)
    assert (maker.name, maker.refitted, maker.fingerprint) == ("ours", False, "telling")


def test_so_many_images_of_each_label_are_drawn_each_of_its_own_seed() -> None:
    model = Telling()
    made = Drawn(model).make(lesions(3, 0, size=8), COUNTS, 0)
    assert made.table["label"].tolist() == ["melanoma"] * 3 + ["nevus"] * 2
    assert {one.label for one in model.asked} == {"melanoma", "nevus"}
    assert made.table["id"].is_unique
    assert len(set(made.read(0, 5).ravel())) == 5


def test_fewer_are_the_first_of_more_and_another_seed_gives_others() -> None:
    granted = lesions(3, 0, size=8)
    many, few, other = (
        Drawn(Telling()).make(granted, {"nevus": n}, seed) for n, seed in ((5, 7), (2, 7), (5, 8))
    )
    assert seeds_of(many, "nevus")[:2] == seeds_of(few, "nevus")
    assert not set(seeds_of(many, "nevus")) & set(seeds_of(other, "nevus"))


def test_what_was_granted_does_not_count() -> None:
    one, other = (Drawn(Telling()).make(lesions(3, first, size=8), COUNTS, 1) for first in (0, 50))
    np.testing.assert_array_equal(one.read(0, 5), other.read(0, 5))


def test_a_model_is_opened_under_the_name_of_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "doppelscan.utility.fitted.open_generator", lambda folder, device: Telling(str(folder))
    )
    assert Drawn.open("models/ours").name == "ours"
    assert Drawn.open("models/ours").fingerprint == "models/ours"
