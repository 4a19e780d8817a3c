"""Lists and names of changes are found, and each change is made under one call."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from doppelscan.errors import InputError
from doppelscan.images.changes import LISTS, Change, changed, lists_of
from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.seeds import stream

ALL = [change for changes in LISTS.values() for change in changes]
GRADED = [change for change in ALL if change.graded]
graded = pytest.mark.parametrize("change", GRADED, ids=lambda change: change.name)


def image(name: str, shape: tuple[int, ...] = (1, 48, 40)) -> np.ndarray:
    """A smooth picture, unlike that of any other name."""
    rough = stream(0, name).normal(100, 30, shape)
    return np.asarray(ndimage.gaussian_filter(rough, (0, *(4.0,) * (len(shape) - 1))))


def copies(change: Change, n: int = 12) -> list[np.ndarray]:
    return [changed(change, image("source"), stream(seed), other=image("host")) for seed in range(n)]


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.name)
def test_a_change_is_that_of_its_own_call(change: Change) -> None:
    source, host = image("source"), image("host")
    made = changed(change, source, stream(3), other=host)
    if isinstance(change, PartialCopy):
        alone = change(source, host, stream(3)).pixels
    else:
        alone = change(source, stream(3), other=host)
    np.testing.assert_array_equal(made, alone)


def test_a_part_needs_somewhere_to_lie() -> None:
    with pytest.raises(AssertionError, match="quarter needs another image"):
        changed(PARTS[0], image("source"), stream(0))


def test_lists_and_names_are_found_by_list_in_the_lists_order() -> None:
    found = lists_of(["zoom", "noise", "parts", "crop"])
    assert list(found) == ["standard", "hard", "parts"]
    assert [change.name for change in found["standard"]] == ["noise", "zoom"]
    assert [change.name for change in found["hard"]] == ["crop"]
    assert found["parts"] == PARTS


def test_a_name_beside_its_list_is_planted_once() -> None:
    assert lists_of(["hard", "crop"]) == {"hard": LISTS["hard"]}


def test_no_name_is_in_two_lists_or_that_of_a_list() -> None:
    names = [*LISTS, *(change.name for change in ALL)]
    assert len(set(names)) == len(names)


def test_all_that_is_unknown_is_named() -> None:
    with pytest.raises(InputError) as refusal:
        lists_of(["melt", "noise", "burn"])
    assert [problem.what for problem in refusal.value.problems] == [
        "knows no transform 'burn'",
        "knows no transform 'melt'",
    ]
    assert all("standard, hard, parts" in problem.cure for problem in refusal.value.problems)


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.name)
def test_at_the_listed_strength_a_change_is_itself(change: Change) -> None:
    assert change.at(1).strength == pytest.approx(change.strength)
    assert change.at(1).name == change.name


@pytest.mark.parametrize("change", [c for c in ALL if not c.graded], ids=lambda change: change.name)
def test_a_change_without_degrees_stays_as_it_is(change: Change) -> None:
    assert change.at(0.3) == change
    assert change.name in {"exact", "flip", "quarter_turn", "inversion"}


@graded
def test_fractions_of_fractions_multiply(change: Change) -> None:
    for first, second in ((0.5, 2.0), (1.5, 0.25), (2.0, 2.0)):
        assert change.at(first).at(second).strength == pytest.approx(change.at(first * second).strength)


@graded
def test_a_weaker_change_leaves_more_of_the_image(change: Change) -> None:
    source = image("source").ravel()
    near = [
        np.mean([np.corrcoef(source, copy.ravel())[0, 1] for copy in copies(change.at(fraction))])
        for fraction in (0.25, 1, 2)
    ]
    if change.name in {"combined", "moved_quarter"}:  # half of these are mirrored, at any strength
        assert near[1] > near[2]
    else:
        assert near[0] > near[1] > near[2]


@graded
def test_at_nothing_of_its_strength_a_change_changes_nothing(change: Change) -> None:
    source = image("source")
    for copy in copies(change.at(0)):
        as_it_was = (copy, copy[..., ::-1]) if change.name in {"combined", "moved_quarter"} else (copy,)
        assert min(np.abs(one - source)[:, 4:-4, 4:-4].max() for one in as_it_was) < 1e-6 * np.ptp(source)


def test_strengths_at_a_fraction_are_those_that_the_reference_tells() -> None:
    by_name = {change.name: change for change in ALL}
    told = {"rotation": 7.5, "gamma": 1.6**0.5, "downsampling": 2, "crop": 0.5**0.5, "quarter": 0.5}
    assert {name: by_name[name].at(0.5).strength for name in told} == pytest.approx(told)
    assert by_name["clipping"].at(2).strength == pytest.approx(1 - 0.67**2)
    assert by_name["blend"].at(2).strength == pytest.approx(1 - 0.65**2)
    moved = by_name["moved_quarter"].at(0.5)
    assert isinstance(moved, PartialCopy)
    assert moved.moved == 0.125
    assert [change.strength for change in moved.changes] == pytest.approx([1.6**0.5, 0.1])
