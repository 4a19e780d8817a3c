"""Is a part that was pasted at its own place found, and where?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.search import ArrayBlocks
from doppelscan.search.tiles import Detail, TileMatches, TileSettings, match_tiles
from doppelscan.settings import Resources
from textures import textures

from .sets import Watched

AMPLE = Resources(memory=2**30, workers=2, device="cpu")
REFERENCES = textures(40)
NOVEL = textures(12, seed=1)


def with_part(host: np.ndarray, source: np.ndarray, box: tuple[slice, ...]) -> np.ndarray:
    image = host.copy()
    image[:, *box] = source[:, *box]
    return image


def overlap(found: np.ndarray, box: tuple[slice, ...]) -> float:
    """The share of the found box that lies in the true one."""
    share = 1.0
    for (low, high), true in zip(found, box, strict=True):
        share *= max(0, min(high, true.stop) - max(low, true.start)) / (high - low)
    return share


@pytest.mark.parametrize("share", [1 / 2, 1 / 3])
def test_a_quarter_and_a_ninth_are_found_at_their_place(share: float) -> None:
    side = round(96 * share)
    boxes = [
        (slice(y, y + side), slice(x, x + side))
        for y, x in [(0, 0), (40, 11), (96 - side, 96 - side), (25, 40)]
    ]
    queries = np.stack([with_part(NOVEL[i], REFERENCES[30 + i], box) for i, box in enumerate(boxes)])
    found, novel = (match_tiles(images, REFERENCES, resources=AMPLE) for images in (queries, NOVEL))
    assert found.indices.tolist() == [30, 31, 32, 33]
    assert found.statistic.min() > novel.statistic.max()
    assert min(overlap(*pair) for pair in zip(found.boxes, boxes, strict=True)) > 0.8


def test_a_part_of_the_mirrored_image_is_found_and_boxed_where_it_lies_in_the_query() -> None:
    box = (slice(10, 58), slice(4, 52))
    query = with_part(NOVEL[0], REFERENCES[7][..., ::-1], box)[None]
    found = match_tiles(query, REFERENCES, resources=AMPLE)
    assert (found.indices[0], found.mirrored[0]) == (7, True)
    assert overlap(found.boxes[0], box) > 0.8
    unmirrored = match_tiles(query, REFERENCES, TileSettings(mirrored=False), resources=AMPLE)
    assert unmirrored.statistic[0] < found.statistic[0] / 2


def test_a_smooth_lesion_is_known_by_its_finest_detail_where_patients_are_much_alike() -> None:
    rng, grain = np.random.default_rng(0), 3
    alike = 100 + 60 * np.sin(np.arange(96) / 9)[:, None] * np.cos(np.arange(96) / 13)
    references, hosts = (
        np.stack([alike + rng.normal(0, grain, (1, 96, 96)) for _ in range(n)]).round().astype(np.uint8)
        for n in (30, 6)
    )
    box = (slice(31, 49), slice(52, 70))
    queries = np.stack([with_part(host, references[20 + i], box) for i, host in enumerate(hosts)])
    fine = TileSettings(side=224, tile=8, step=4, detail=Detail())
    found, novel = (match_tiles(images, references, fine, resources=AMPLE) for images in (queries, hosts))
    assert found.indices.tolist() == [20, 21, 22, 23, 24, 25]
    assert found.statistic.min() > 1.5 * novel.statistic.max()
    assert min(overlap(one, box) for one in found.boxes) > 0.8
    coarse, usual = (match_tiles(images, references, resources=AMPLE) for images in (queries, hosts))
    assert coarse.statistic.min() < 1.2 * usual.statistic.max()


@pytest.mark.parametrize("axis", [None, 1])
def test_a_part_of_a_volume_is_found_by_the_same_code(axis: int | None) -> None:
    volumes, hosts = textures(12, (1, 20, 24, 18)), textures(2, (1, 20, 24, 18), seed=1)
    source = volumes[5] if axis is None else np.flip(volumes[5], axis)
    box = (slice(4, 16), slice(8, 22), slice(3, 15))
    found = match_tiles(
        with_part(hosts[0], source, box)[None],
        volumes,
        TileSettings(side=24, tile=6, step=3),
        resources=AMPLE,
    )
    assert (found.indices[0], found.mirrored[0]) == (5, axis is not None)
    assert overlap(found.boxes[0], box) > 0.8


def test_the_part_of_an_excluded_group_is_not_found() -> None:
    groups = np.arange(40) // 2
    query = with_part(NOVEL[0], REFERENCES[7], (slice(0, 48), slice(0, 48)))[None]
    found = match_tiles(query, REFERENCES, exclude=(np.array([3]), groups), resources=AMPLE)
    assert found.indices[0] not in (6, 7)
    assert match_tiles(query, REFERENCES, exclude=(np.array([99]), groups), resources=AMPLE).indices[0] == 7
    nobody = match_tiles(query, REFERENCES[:2], exclude=(np.array([0]), groups[:2]), resources=AMPLE)
    assert nobody.indices[0] == -1
    assert np.isnan(nobody.statistic[0])


def same(first: TileMatches, second: TileMatches) -> None:
    for name in ("indices", "statistic", "boxes", "mirrored"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_query_gets_the_same_bytes_alone_in_any_block_and_on_any_number_of_threads() -> None:
    whole = match_tiles(NOVEL, REFERENCES, resources=AMPLE)
    same(whole, match_tiles(NOVEL, REFERENCES, resources=Resources(2**24, 1, "cpu")))
    alone = match_tiles(NOVEL[5:6], REFERENCES, resources=AMPLE)
    np.testing.assert_array_equal(whole.statistic[5:6], alone.statistic)
    np.testing.assert_array_equal(whole.boxes[5:6], alone.boxes)


def test_memory_bounds_what_is_read_at_once_and_progress_adds_up() -> None:
    queries, references, told = Watched(NOVEL), Watched(REFERENCES), []
    match_tiles(queries, references, resources=Resources(2**24, 1, "cpu"), progress=told.append)
    longest = max(stop - start for start, stop in queries.reads + references.reads)
    assert longest < 8
    assert sum(told) == 12 * 40


def test_flat_parts_agree_with_nobody() -> None:
    flat = REFERENCES.copy()
    flat[:, :, :, :60] = 30
    queries = flat[:3].copy()
    queries[:, :, :, 60:] = NOVEL[:3, :, :, 60:]
    found = match_tiles(queries, flat, resources=AMPLE)
    novel = match_tiles(NOVEL, REFERENCES, resources=AMPLE)
    assert found.statistic.max() < 1.5 * novel.statistic.max()
    constant = match_tiles(np.full_like(NOVEL[:1], 7), REFERENCES, resources=AMPLE)
    assert constant.statistic[0] == 0


@pytest.mark.parametrize(("m", "n"), [(0, 3), (2, 0), (0, 0), (1, 1)])
@pytest.mark.parametrize("shape", [(1, 9, 30), (3, 2, 2), (1, 5, 4, 3)])
def test_empty_single_and_tiny_sides_work(m: int, n: int, shape: tuple[int, ...]) -> None:
    images = textures(3, shape)
    found = match_tiles(images[:m], images[:n], resources=AMPLE)
    assert found.indices.tolist() == ([0] * m if n else [-1] * m)
    assert found.boxes.shape == (m, len(shape) - 1 if m or n else 2, 2)


def test_what_does_not_fit_is_refused() -> None:
    groups = np.zeros(2, dtype=np.int64)
    with pytest.raises(InputError, match="groups of 2 and 2 images, but there are 12 and 40"):
        match_tiles(ArrayBlocks(NOVEL), ArrayBlocks(REFERENCES), exclude=(groups, groups), resources=AMPLE)
    with pytest.raises(InputError, match=r"\(1, 48, 96\) cannot be compared"):
        match_tiles(ArrayBlocks(NOVEL), ArrayBlocks(REFERENCES[:, :, :48]), resources=AMPLE)
    with pytest.raises(InputError, match="NaN"):
        match_tiles(np.full((1, 1, 9, 9), np.nan), np.zeros((1, 1, 9, 9)), resources=AMPLE)
