"""Planted images are what their jobs say, whatever is read at once, and known before they are made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import films, pixels_of
from doppelscan.audit import planted as planted_module
from doppelscan.audit.planted import Job, planted
from doppelscan.images.changes import LISTS, changed
from doppelscan.images.transforms import by_name
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources

SOURCES, OTHERS = films(6), films(4, first=50)
CHANGES = [change for changes in LISTS.values() for change in changes]
JOBS = [
    Job(source, change, (source + 1) % 4 if change.needs_other else -1)
    for source in (4, 1)
    for change in CHANGES
]
AMPLE = Resources(memory=2**28, workers=1)


def made(jobs: list[Job] = JOBS, sources: ImageSet = SOURCES, **named: object) -> ImageSet:
    return planted(jobs, sources, OTHERS, **({"seed": 7, "resources": AMPLE} | named))  # type: ignore[arg-type]


def test_each_image_is_its_source_changed() -> None:
    images, sources, others = made(), pixels_of(SOURCES), pixels_of(OTHERS)
    assert len(images) == len(JOBS)
    assert images.shape == SOURCES.shape
    for position, job in enumerate(JOBS):
        chance = stream(7, "control", job.change.name, f"p{job.source}-0.png")
        other = others[job.other] if job.other >= 0 else None
        expected = changed(job.change, sources[job.source], chance, other=other)
        np.testing.assert_array_equal(images[position].pixels, expected)
    assert images.table["patient"].tolist() == [f"p{job.source}" for job in JOBS]


@pytest.mark.parametrize("resources", [Resources(2**28, 4), Resources(1, 1), Resources(1, 4)], ids=str)
def test_they_are_the_same_whatever_the_memory_and_the_workers(resources: Resources) -> None:
    images = made(resources=resources)
    np.testing.assert_array_equal(images.read(0, len(JOBS)), pixels_of(made()))
    np.testing.assert_array_equal(images.read(5, 9), pixels_of(made())[5:9])
    assert images.pixels.fingerprint == made().pixels.fingerprint
    assert images.pixels.dtype == np.uint8


def test_some_of_them_are_those_of_all() -> None:
    chosen = np.array([20, 3, 3])
    np.testing.assert_array_equal(pixels_of(made().take(chosen)), pixels_of(made())[chosen])
    whole = made().pixels
    assert whole.take(np.arange(len(JOBS))) is whole


def test_they_are_known_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted_module, "changed", None)
    assert len(made().pixels.fingerprint) == 64
    with pytest.raises(TypeError):
        made().read(0, 1)


def test_whatever_changes_them_changes_what_they_are_known_by() -> None:
    (rotation,) = by_name(["rotation"])
    other_pixels = ImageSet.from_arrays(pixels_of(SOURCES) + np.uint8(1), SOURCES.table)
    other_ids = ImageSet.from_arrays(pixels_of(SOURCES), SOURCES.table.assign(id=list("abcdef")))
    kinds = [
        made([Job(0, rotation)]),
        made([Job(0, rotation.at(2))]),
        made([Job(1, rotation)]),
        made([Job(0, rotation), Job(0, rotation)]),
        made([Job(0, rotation)], seed=8),
        made([Job(0, rotation)], other_pixels),
        made([Job(0, rotation)], other_ids),
        made([Job(0, rotation, other=2)]),
    ]
    assert len({images.pixels.fingerprint for images in kinds}) == len(kinds)


def test_two_strengths_of_a_change_share_their_chance() -> None:
    (noise,) = by_name(["noise"])
    floats = ImageSet.from_arrays(pixels_of(SOURCES).astype(np.float64), SOURCES.table)
    source = pixels_of(floats)[2]
    weak, strong = pixels_of(made([Job(2, noise), Job(2, noise.at(3))], floats))
    np.testing.assert_allclose(strong - source, 3 * (weak - source), rtol=1e-9, atol=1e-9)


def test_volumes_of_several_channels_and_images_without_patients_are_planted() -> None:
    volumes = ImageSet.from_arrays(stream(0, "v").integers(0, 999, (3, 2, 8, 9, 7)).astype(np.uint16))
    jobs = [Job(2, change, 0 if change.needs_other else -1) for change in CHANGES]
    images = planted(jobs, volumes, volumes, seed=0, resources=AMPLE)
    assert pixels_of(images).shape == (len(jobs), 2, 8, 9, 7)
    assert pixels_of(images).dtype == np.uint16
    assert pd.isna(images.table["patient"]).all()
