"""Is what is outlined of a planted part where the part lies, and is it counted as plain loops count it?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.audit.outlining import overlap, part_overlaps
from doppelscan.audit.planted import Job, planted, regions_of
from doppelscan.findings import AlignedPair
from doppelscan.images.changes import LISTS
from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

RESOURCES = Resources(memory=2**28, workers=1, device="cpu")
FILMS = ImageSet.from_arrays(textures(6, (1, 112, 112)))
SOURCES, HOSTS = FILMS.take([0, 1, 2]), FILMS.take([3, 4, 5])
QUARTER = PARTS[0]


def copies(change: PartialCopy, n: int = 2) -> ImageSet:
    jobs = [Job(i, change, i) for i in range(n)]
    return planted(jobs, SOURCES, HOSTS, seed=3, resources=RESOURCES)


def pair(part: np.ndarray | None) -> AlignedPair:
    placement = Placement(np.eye(2), np.zeros(2))
    return AlignedPair("a", "b", placement, 1.0, 1.0, np.zeros((8, 8), dtype=np.int8), part)


def test_a_part_is_outlined_where_it_was_planted() -> None:
    named = np.array([0, 1])
    assert part_overlaps(copies(QUARTER), SOURCES, named, RESOURCES, silent).min() > 0.5


def test_nothing_is_outlined_over_another_image() -> None:
    strangers = np.array([1, 2])
    assert part_overlaps(copies(QUARTER), SOURCES, strangers, RESOURCES, silent).max() < 0.5


def test_copies_of_one_source_are_told_apart_and_company_does_not_count() -> None:
    jobs = [Job(0, change, 0) for change in (QUARTER, QUARTER.at(0.8), PARTS[1])]
    several = planted(jobs, SOURCES, HOSTS, seed=3, resources=RESOURCES)
    together = part_overlaps(several, SOURCES, np.zeros(3, dtype=np.int64), RESOURCES, silent)
    for row in range(3):
        alone = part_overlaps(several.take([row]), SOURCES, np.array([0]), RESOURCES, silent)
        assert alone[0] == together[row]


def test_without_copies_there_is_nothing_to_outline() -> None:
    none = part_overlaps(copies(QUARTER, 0), SOURCES, np.zeros(0, dtype=np.int64), RESOURCES, silent)
    assert none.shape == (0,)


@pytest.mark.parametrize("space", [(8, 8), (16, 24)], ids=str)
def test_the_overlap_is_what_loops_count(space: tuple[int, ...]) -> None:
    chance = np.random.default_rng(1)
    part, coarse = chance.random((8, 8)) < 0.5, chance.random((8, 8)) < 0.4
    region = np.kron(coarse, np.ones((space[0] // 8, space[1] // 8))).astype(bool)
    both = either = 0
    for mine, theirs in zip(part.ravel(), coarse.ravel(), strict=True):
        both += bool(mine and theirs)
        either += bool(mine or theirs)
    assert overlap(pair(part), region) == both / either
    assert overlap(pair(coarse), region) == 1
    assert overlap(pair(None), region) == 0


def test_the_region_of_a_planted_image_is_where_it_has_its_source() -> None:
    changes = [change for listed in LISTS.values() for change in listed]
    white = ImageSet.from_arrays(np.full((1, 1, 40, 30), 200, np.uint8) + np.eye(40, 30, dtype=np.uint8))
    black = ImageSet.from_arrays(np.zeros((1, 1, 40, 30), np.uint8))
    jobs = [Job(0, change, 0) for change in changes]
    images = planted(jobs, white, black, seed=5, resources=RESOURCES)
    for change, image, region in zip(changes, images, regions_of(images), strict=True):
        if not isinstance(change, PartialCopy):
            assert region.all()
        elif not change.changes:
            np.testing.assert_array_equal(image.pixels[0] > 0, region)
            assert region.mean() == pytest.approx(change.share, rel=0.15)
