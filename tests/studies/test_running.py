"""A study from beginning to end: cells are made once, kept, tried again where they failed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calling import bytes_of, call
from cohorts import films, pixels_of
from doppelscan.errors import FormatError, InputError
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.settings import Resources
from doppelscan.studies import Recipe, Study, read_recipe, read_study, study
from doppelscan.studies.recipe import Source
from doppelscan.studies.sources import Patients, kept, opened, repeated
from studying import RECIPE

ONE = Resources(workers=1)


def recipe(folder: Path, text: str = RECIPE) -> Recipe:
    (folder / "recipe.toml").write_text(text)
    return read_recipe(folder / "recipe.toml")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study]:
    folder = tmp_path_factory.mktemp("study")
    small = replace(recipe(folder), seeds=(0,))
    return folder, study(small, out=folder / "out", data=folder, resources=ONE)


def test_every_cell_has_a_row_with_its_levels_and_outcomes(ran: tuple[Path, Study]) -> None:
    _, done = ran
    assert list(done.cells["images"]) == [3, 6]
    assert done.failures == {}
    assert (done.cells["copied_low"] <= done.cells["copied"]).all()
    assert done.cells["gap"].notna().all()


def test_what_is_written_is_what_came_out(ran: tuple[Path, Study]) -> None:
    folder, done = ran
    read = read_study(folder / "out")
    np.testing.assert_array_equal(read.cells["copied"], done.cells["copied"])
    assert read.recipe == done.recipe
    assert [one.verdict for one in read.settled] == [one.verdict for one in done.settled]


def test_a_study_whose_record_lacks_something_is_damaged(ran: tuple[Path, Study], tmp_path: Path) -> None:
    shutil.copytree(ran[0] / "out", tmp_path / "out", ignore=shutil.ignore_patterns("cells"))
    kept = json.loads((tmp_path / "out/study.json").read_text())
    for name in ("recipe", "failures"):
        (tmp_path / "out/study.json").write_text(json.dumps({**kept, name: None}))
        with pytest.raises(FormatError, match=f"says no {name}"):
            read_study(tmp_path / "out")


def test_a_finished_study_is_read_and_not_run_again(ran: tuple[Path, Study]) -> None:
    folder, done = ran
    before = bytes_of(folder / "out" / "cells")
    again = study(done.recipe, out=folder / "out", data=folder, resources=ONE)
    assert bytes_of(folder / "out" / "cells") == before
    assert again.cells.equals(done.cells)


def test_a_cell_that_was_cut_off_goes_on_to_the_same_samples(ran: tuple[Path, Study]) -> None:
    folder, done = ran
    cell = folder / "out" / "cells" / str(done.cells["cell"].iloc[0])
    (cell / "cell.json").unlink()
    before = bytes_of(cell / "samples")
    again = study(done.recipe, out=folder / "out", data=folder, resources=ONE)
    assert bytes_of(cell / "samples") == before
    np.testing.assert_array_equal(again.cells["copied"], done.cells["copied"])


def test_a_cell_that_fails_is_listed_and_the_others_are_made(tmp_path: Path) -> None:
    text = RECIPE.replace("images = [3, 6]", "images = [3, 1000]").replace("high = 6", "high = 1000")
    done = study(
        replace(recipe(tmp_path, text), seeds=(0,)), out=tmp_path / "out", data=tmp_path, resources=ONE
    )
    assert list(done.cells["images"]) == [3]
    ((cell, why),) = done.failures.items()
    assert "-1000-" in cell
    assert "1000 images are asked for, and 20 are there" in why


def test_settings_that_will_not_do_are_refused_before_anything_runs(tmp_path: Path) -> None:
    text = RECIPE.replace('"n_images=8"', '"n_imges=8"').replace('method = "pearson"', 'method = "pearsn"')
    with pytest.raises(InputError) as caught:
        study(recipe(tmp_path, text), out=tmp_path / "out", data=tmp_path, resources=ONE)
    assert "'n_imges' is no setting" in str(caught.value)
    assert "method" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_would_run(tmp_path: Path) -> None:
    recipe(tmp_path)
    said = call("study", tmp_path / "recipe.toml", "--out", tmp_path / "out", "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert "chest-ddpm-tiny-3-1-these-4-short-small-seed0" in said.out
    assert said.out.splitlines()[-1].startswith("4 cells, 1 at once: about ")


def test_the_command_writes_the_page(ran: tuple[Path, Study]) -> None:
    folder, _ = ran
    text = (folder / "recipe.toml").read_text().replace("seeds = [0, 1]", "seeds = [0]")
    (folder / "one.toml").write_text(text)
    said = call("study", folder / "one.toml", "--out", folder / "out", "--data", folder, "--workers", 1)
    assert said.code == 0
    assert said.out.startswith("2 cells finished, 0 failed.\nunresolved: More images lower copying")
    page = (folder / "out" / "study.html").read_text()
    assert "More images lower copying" in page
    assert page.count("data:image/png;base64,") == 1

    (folder / "out" / "study.html").unlink()
    assert call("report", folder / "out").out == f"Report: {folder / 'out' / 'study.html'}\n"
    assert (folder / "out" / "study.html").read_text() == page


def halves(n: int = 30) -> Patients:
    images = films(n, each=2)
    return Patients(images.take(np.arange(2 * n - 10)), images.take(np.arange(2 * n - 10, 2 * n)))


def patients(images: ImageSet) -> set[str]:
    return set(images.table["patient"])


def test_fewer_images_are_always_among_more() -> None:
    found = halves()
    assert patients(found.these(6, 1)) < patients(found.these(18, 1))
    assert patients(found.these(6, 1)) != patients(found.these(6, 2))


def test_patients_come_whole() -> None:
    assert [len(halves().these(n, 1)) for n in (1, 2, 3)] == [2, 2, 4]


def test_the_others_are_as_many_and_none_of_these() -> None:
    found = halves()
    these, others = found.these(18, 1), found.others(18, 1)
    assert len(these) == len(others) == 18
    assert not patients(these) & patients(others)


def test_too_few_images_are_refused() -> None:
    assert len(halves().these(50, 0)) == 50
    with pytest.raises(InputError, match="51 images are asked for, and 50 are there"):
        halves().these(51, 0)
    with pytest.raises(InputError, match="26 images are asked for, and 24 are there"):
        halves().others(26, 0)


def test_all_images_of_a_tenth_of_the_patients_are_repeated() -> None:
    images = films(20, each=2)
    again = repeated(images, 5, seed=0)
    counts = again.table.groupby("patient").size()
    assert sorted(counts) == [2] * 18 + [10] * 2
    assert repeated(images, 1, seed=0).table.equals(images.table)


def test_a_source_is_kept_and_split_alike_each_time(tmp_path: Path) -> None:
    source = recipe(tmp_path).sources["chest"]
    place = kept(source, tmp_path, tmp_path / "sources", resources=ONE)
    assert kept(source, tmp_path, tmp_path / "sources", resources=ONE) == place
    one, two = opened(source, place), opened(source, place)
    assert one.held_out.table.equals(two.held_out.table)
    assert len(patients(one.held_out)) == 20
    assert not patients(one.held_out) & patients(one.pool)


def test_images_without_a_label_are_left_out_where_the_source_says_so(tmp_path: Path) -> None:
    images = films(4)
    table = images.table.assign(label=["a", None, "b", None])
    save(ImageSet.from_arrays(pixels_of(images), table, name="some"), tmp_path / "some", resources=ONE)
    for labelled, n in ((False, 4), (True, 2)):
        source = Source(images="some", labelled=labelled, held_out=1)
        place = kept(source, tmp_path, tmp_path / "sources", resources=ONE)
        assert len(open_images(place)) == n
