"""A measurement of utility from beginning to end, on a few small lesions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pandas as pd
import pytest

from doppelscan.errors import InputError
from doppelscan.findings.utility import UTILITY_FILES, read_utility
from doppelscan.imagesets import ImageSet
from doppelscan.report.utility_page import write_utility_report
from doppelscan.settings import Resources
from doppelscan.utility import Done, Duplicated, Given, UtilitySettings, cells, measured, measuring
from doppelscan.utility.finetuning import Pixels
from doppelscan.utility.grid import Grid
from lesions import lesions

ONE = Resources(workers=1)
SETTINGS = UtilitySettings(
    real_per_class=(2, 4, 50, 0),
    synthetic_per_real=(1, 9),
    n_seeds=2,
    encoder="pixels",
    groups=("skin_tone",),
    n_draws=20,
)


@pytest.fixture(scope="module")
def sets() -> dict[str, ImageSet]:
    return {
        name: lesions(n, first, size=12)
        for name, n, first in (("real", 18, 0), ("test", 18, 99), ("synthetic", 45, 199))
    }


@pytest.fixture(scope="module")
def done(
    module_cache: None, sets: dict[str, ImageSet], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Done]:
    out = tmp_path_factory.mktemp("utility")
    return out, measured(**sets, settings=SETTINGS, out=out, resources=ONE)


def test_every_cell_that_can_be_is_measured(done: tuple[Path, Done]) -> None:
    found = done[1].run.utility
    joined = {(o.arm, o.real_per_class, o.per_real) for o in found.outcomes if o.part == "joined"}
    assert {("real", 2.0, 0), ("real", 6.0, 0), ("duplicated", 2.0, 9), ("synthetic", 4.0, 1)} <= joined
    assert ("synthetic", 2.0, 9) not in joined or found.absent
    assert any("50 real images" in note for note in found.notes)
    assert [arm.kind for arm in found.arms] == ["control", "control", "generator"]


def test_a_size_that_is_all_there_are_is_the_same_cell_as_all(sets: dict[str, ImageSet]) -> None:
    six = UtilitySettings(
        real_per_class=(2, 6, 0), synthetic_per_real=(1,), n_seeds=1, encoder="pixels", n_draws=20
    )
    found = measured(**sets, settings=six, resources=ONE).run
    alone = found.cells[(found.cells["arm"] == "real") & (found.cells["group"] == "all")]
    assert sorted(alone["real_per_class"]) == [2.0, 6.0]
    assert {o.real_per_class for o in found.utility.outcomes if o.arm == "real"} == {2.0, 6.0}
    assert not any("left out" in note for note in found.utility.notes)


def test_cells_that_memory_does_not_hold_are_refused_before_any_is_made(
    sets: dict[str, ImageSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "told_by", None)
    with pytest.raises(InputError, match="the largest cell learns from 180 images"):
        measured(**sets, settings=SETTINGS, resources=Resources(memory=100_000, workers=1))


def test_as_many_cells_are_worked_on_at_once_as_memory_has_room_for(sets: dict[str, ImageSet]) -> None:
    classes = tuple(sorted(set(sets["real"].table["label"])))
    grid = Grid(sets["real"], sets["test"], [Duplicated()], classes, SETTINGS, cells.Probe(), Pixels())
    row = sets["real"].read(0, 1).nbytes
    one = (180 + 18) * (5 * row + 32 * 3)
    for n in (1, 2, 3):
        memory = 180 * row + n * (one + 2 * 180 * row)
        assert measuring._at_once(grid, Resources(memory=memory, workers=9)) == n
        assert measuring._at_once(grid, Resources(memory=memory, workers=1)) == 1
    with pytest.raises(InputError, match="the largest cell learns from 180 images"):
        measuring._at_once(grid, Resources(memory=180 * row + one - 1, workers=1))


def test_classifiers_of_another_seed_are_drawn_by_another_one(sets: dict[str, ImageSet]) -> None:
    drawn = []
    for seed in (0, 1):
        few = UtilitySettings(real_per_class=(2,), synthetic_per_real=(1,), n_seeds=2, seed=seed)
        classes = tuple(sorted(set(sets["real"].table["label"])))
        grid = Grid(sets["real"], sets["test"], [Duplicated()], classes, few, cells.Probe(), Pixels())
        drawn.append([job.seed for job in grid])
    assert len({*drawn[0], *drawn[1]}) == 4
    assert drawn[0][0] == drawn[0][1]  # of one repetition, whatever it learns from


def test_a_given_set_is_declared_and_a_refitted_one_is_not(done: tuple[Path, Done]) -> None:
    assert "not made anew from the granted real images" in done[1].run.utility.declared[0]


def test_what_is_written_is_read_and_shown(done: tuple[Path, Done]) -> None:
    out, run = done
    assert read_utility(out).utility.to_json() == run.run.utility.to_json()
    page = write_utility_report(out).read_text()
    assert page.count('<li class="child">') == len(run.run.nearest) == 6
    assert (run.run.nearest["distance"].diff().dropna() >= 0).all()
    for words in ("Not a fair comparison", "Worth in real images", "Against the controls", "skin tone"):
        assert words in page
    assert "src=&#34;" not in page


def test_cells_tell_every_seed_class_and_group(done: tuple[Path, Done]) -> None:
    table = done[1].run.cells
    mine = table[(table["arm"] == "real") & (table["real_per_class"] == 4) & (table["group"] == "all")]
    assert mine["seed"].tolist() == [0, 1]
    assert {"class=nevus", "skin_tone=I"} <= set(table["group"])
    assert table["accuracy"].between(0, 1).all()


def test_a_measurement_that_is_made_again_trains_nothing(
    sets: dict[str, ImageSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = UtilitySettings(
        real_per_class=(2, 4), synthetic_per_real=(1,), n_seeds=1, encoder="pixels", n_draws=20
    )
    first = measured(**sets, settings=few, resources=ONE)

    def never(*_: object) -> None:
        raise AssertionError("a cell was trained again")

    monkeypatch.setattr(cells, "probe", never)
    assert measured(**sets, settings=few, resources=ONE).run.utility.to_json() == first.run.utility.to_json()


class Cut(Exception):
    """Somebody stops the measurement."""


def content(folder: Path) -> dict[str, bytes]:
    """What is written but for the record, which says how long it took."""
    return {
        name: (folder / name).read_bytes()
        for name in UTILITY_FILES
        if name not in ("run.json", "report.html")
    }


def test_cut_off_anywhere_it_ends_with_the_bytes_of_an_unbroken_one(
    sets: dict[str, ImageSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = UtilitySettings(
        real_per_class=(2, 4), synthetic_per_real=(1,), n_seeds=2, encoder="pixels", n_draws=20
    )
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    measured(**sets, settings=few, resources=ONE, out=tmp_path / "whole")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "other"))
    for moment in (1, 4, 9, 13):
        events = itertools.count()

        def cut(
            _work: str, _done: int, _total: int, events: Iterator[int] = events, at: int = moment
        ) -> None:
            if next(events) == at:
                raise Cut

        with pytest.raises(Cut):
            measured(**sets, settings=few, resources=ONE, out=tmp_path / "cut", progress=cut)
        assert not (tmp_path / "cut").exists()
    with patch("doppelscan.findings.utility.write_json", side_effect=Cut), pytest.raises(Cut):
        measured(**sets, settings=few, resources=ONE, out=tmp_path / "cut")
    with pytest.raises(InputError, match=r"no utility\.json"):
        read_utility(tmp_path / "cut")
    measured(**sets, settings=few, resources=ONE, out=tmp_path / "cut")
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_copies_that_an_audit_flagged_make_an_arm_without_them(
    sets: dict[str, ImageSet], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ids = sets["synthetic"].table["id"]
    matches = pd.DataFrame({"synthetic_id": ids, "copied": [n < 6 for n in range(len(ids))]})
    monkeypatch.setattr(measuring, "read_run", lambda _: SimpleNamespace(matches=matches))
    few = UtilitySettings(
        real_per_class=(2,),
        synthetic_per_real=(1,),
        n_seeds=1,
        encoder="pixels",
        n_draws=20,
        synthetic_alone=False,
    )
    run = measured(**sets, settings=few, only_released=tmp_path, resources=ONE).run
    assert {"synthetic", "synthetic, released"} <= {arm.name for arm in run.utility.arms}
    shown = run.embedding[run.embedding["arm"] == "synthetic, released"]["id"]
    assert not set(shown) & set(ids[:6])


def test_all_that_is_wrong_is_said_at_once(sets: dict[str, ImageSet]) -> None:
    real = sets["real"]
    odd = ImageSet.from_arrays(real.read(0, 3), pd.DataFrame({"label": ["wart"] * 3}), name="odd")
    with pytest.raises(InputError, match="wart") as caught:
        measured(
            real=real, test=sets["test"], synthetic=odd, settings=UtilitySettings(groups=("sex", "race"))
        )
    assert "race" in str(caught.value)
    with pytest.raises(InputError, match="both trained on and held out"):
        measured(real=real, test=real, synthetic=sets["synthetic"])
    with pytest.raises(InputError, match="nothing to measure"):
        measured(real=real, test=sets["test"])
    with pytest.raises(InputError, match="several arms"):
        measured(real=real, test=sets["test"], makers=[Given(real, "a"), Given(real, "a")])


@pytest.mark.parametrize(
    "wrong",
    [
        {"real_per_class": ()},
        {"synthetic_per_real": (0,)},
        {"n_seeds": 0},
        {"classifier": "tree"},
        {"outcome": "luck"},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        UtilitySettings(**wrong)  # type: ignore[arg-type]
