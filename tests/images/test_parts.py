"""A partial copy is the host everywhere but in its region, and there the source's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.images.transforms import by_name
from doppelscan.seeds import stream

every_part = pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
every_shape = pytest.mark.parametrize("shape", [(1, 60, 44), (3, 33, 32), (2, 20, 24, 18)], ids=str)


def image(shape: tuple[int, ...], name: str, dtype: str = "uint8") -> np.ndarray:
    return stream(0, name).integers(20, 230, shape).astype(dtype)


def inner(region: np.ndarray) -> np.ndarray:
    """The region without its seam of three pixels."""
    return ndimage.distance_transform_edt(np.pad(region, 1))[(slice(1, -1),) * region.ndim] >= 4


@every_part
@every_shape
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_outside_its_region_the_host_is_as_it_was(
    part: PartialCopy, shape: tuple[int, ...], dtype: str
) -> None:
    source, host = image(shape, "source", dtype), image(shape, "host", dtype)
    before = source.copy(), host.copy()
    pasted = part(source, host, stream(1))
    assert (pasted.pixels.shape, pasted.pixels.dtype) == (shape, host.dtype)
    assert (pasted.region.shape, pasted.region.dtype) == (shape[1:], np.dtype(bool))
    np.testing.assert_array_equal(pasted.pixels[:, ~pasted.region], host[:, ~pasted.region])
    assert (pasted.pixels != host).any()
    for kept, now in zip(before, (source, host), strict=True):
        np.testing.assert_array_equal(kept, now)


@every_shape
def test_within_its_region_it_is_the_source_at_its_own_place(shape: tuple[int, ...]) -> None:
    source, host = image(shape, "source"), image(shape, "host")
    for part in PARTS[:2]:
        pasted = part(source, host, stream(2))
        np.testing.assert_array_equal(pasted.region, pasted.source_region)
        deep = inner(pasted.region)
        assert deep.any()
        np.testing.assert_array_equal(pasted.pixels[:, deep], source[:, deep])


def test_between_the_two_it_fades_in_equal_steps() -> None:
    source, host = np.full((1, 40, 40), 100.0), np.zeros((1, 40, 40))
    pasted = PartialCopy("half", 0.25)(source, host, stream(0))
    row = pasted.pixels[0, np.flatnonzero(pasted.region.any(axis=1))[10]]
    assert row[pasted.region.any(axis=0)].tolist() == [25, 50, 75, *[100] * 14, 75, 50, 25]


@every_shape
def test_a_box_has_its_share_and_the_proportions_of_the_image(shape: tuple[int, ...]) -> None:
    for part in PARTS[:2]:
        starts = []
        for i in range(30):
            region = part(image(shape, "source"), image(shape, "host"), stream(i)).region
            (box,) = ndimage.find_objects(region.astype(int))
            side = part.share ** (1 / region.ndim)
            assert [s.stop - s.start for s in box] == [round(length * side) for length in shape[1:]]
            assert region[box].all()
            starts.append([s.start for s in box])
        assert np.all(np.ptp(starts, axis=0) > 0.5 * np.array(shape[1:]) * (1 - side))


@every_shape
def test_a_moved_part_stays_within_the_image_and_near_its_place(shape: tuple[int, ...]) -> None:
    shifts = []
    for i in range(40):
        pasted = PARTS[2](image(shape, "source"), image(shape, "host"), stream(i))
        assert pasted.region.sum() == pasted.source_region.sum()
        places = [np.argwhere(mask).min(axis=0) for mask in (pasted.region, pasted.source_region)]
        shifts.append((places[0] - places[1]) / np.array(shape[1:]))
    assert np.abs(shifts).max() <= 0.25
    assert np.all(np.max(shifts, axis=0) > 0.1)
    assert np.all(np.min(shifts, axis=0) < -0.1)


@every_shape
def test_every_second_moved_part_is_mirrored_left_for_right(shape: tuple[int, ...]) -> None:
    part = PartialCopy("moved", 0.25, moved=0.25, mirrored=True)
    source, host = image(shape, "source"), image(shape, "host")
    mirror_axis = 2 if len(shape) == 3 else 1
    n_mirrored = 0
    for i in range(40):
        pasted = part(source, host, stream(i))
        (old,), (new,) = (ndimage.find_objects(m.astype(int)) for m in (pasted.source_region, pasted.region))
        deep = inner(pasted.region)[new]
        there, here = pasted.pixels[:, *new][:, deep], source[:, *old]
        as_it_was = np.array_equal(there, here[:, deep])
        mirrored = np.array_equal(there, np.flip(here, mirror_axis)[:, deep])
        assert as_it_was != mirrored
        n_mirrored += mirrored
    assert 10 <= n_mirrored <= 30


def test_a_region_of_any_form_is_taken_as_it_is() -> None:
    source, host = image((1, 50, 50), "source"), image((1, 50, 50), "host")
    rows, columns = np.indices((50, 50))
    lesion = (rows - 18) ** 2 + (columns - 30) ** 2 < 80
    pasted = PARTS[0](source, host, stream(0), region=lesion)
    np.testing.assert_array_equal(pasted.region, lesion)
    np.testing.assert_array_equal(pasted.pixels[:, inner(lesion)], source[:, inner(lesion)])
    np.testing.assert_array_equal(pasted.pixels[:, ~lesion], host[:, ~lesion])


def test_the_middle_of_a_thin_region_is_the_sources() -> None:
    source, host = image((1, 30, 30), "source"), image((1, 30, 30), "host")
    thread = np.zeros((30, 30), bool)
    thread[10:13, 5:25] = True
    pasted = PARTS[0](source, host, stream(0), region=thread)
    np.testing.assert_array_equal(pasted.pixels[0, 11, 6:24], source[0, 11, 6:24])


def test_a_region_without_pixels_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="a region has pixels"):
        PARTS[0](image((1, 9, 9), "s"), image((1, 9, 9), "h"), stream(0), region=np.zeros((9, 9), bool))


def test_a_box_is_drawn_where_there_is_detail() -> None:
    source = np.zeros((1, 100, 100), np.uint8)
    source[0, 30:70, 30:70] = image((40, 40), "detail")
    for i in range(20):
        pasted = PARTS[1](source, image((1, 100, 100), "host"), stream(i))
        assert source[0][pasted.source_region].std() >= source.std() / 2


def test_what_is_done_to_the_source_is_done_to_the_part() -> None:
    source, host = image((1, 80, 80), "source", "float32"), image((1, 80, 80), "host", "float32")
    noisy = PartialCopy("noisy", 0.25, changes=by_name(["noise"]))(source, host, stream(3))
    deep = inner(noisy.region)
    assert np.std((noisy.pixels - source)[:, deep]) == pytest.approx(0.2 * source.std(), rel=0.1)


@every_part
@every_shape
def test_the_same_stream_gives_the_same_bytes(part: PartialCopy, shape: tuple[int, ...]) -> None:
    first, again = (part(image(shape, "source"), image(shape, "host"), stream(7)) for _ in range(2))
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.region.tobytes() == again.region.tobytes()
    assert (
        first.pixels.tobytes()
        != part(image(shape, "source"), image(shape, "host"), stream(8)).pixels.tobytes()
    )


@every_part
@settings(max_examples=30, deadline=None)
@given(
    shape=hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=7),
    level=st.integers(0, 255),
    seed=st.integers(0, 9),
)
def test_any_small_or_constant_image_takes_part(
    part: PartialCopy, shape: tuple[int, ...], level: int, seed: int
) -> None:
    source = np.full(shape, level, np.uint8)
    pasted = part(source, image(shape, "host"), stream(seed))
    assert pasted.pixels.shape == shape
    assert pasted.region.any()


def test_the_list_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "transforms.md").read_text()
    for part in PARTS:
        assert f"| `{part.name}` | {part.share:.3g} | {part.moved:g}" in page
