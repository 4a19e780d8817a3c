"""Images that were made elsewhere, as a generator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.generators import Drawing, External, Generator, Provenance, adopt, open_generator
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images

from .small import SHAPES, pictures

SAID = Provenance("StyleGAN3", "knees v2", "psi 0.7", "2026-11-21", "CC-BY-4.0")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_seed_is_the_image_at_its_place_and_comes_with_its_provenance(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    images = pictures(shape)
    model = adopt(images, tmp_path, SAID)
    assert isinstance(model, Generator)
    drawn = model.sample([5, 0, 7])
    np.testing.assert_array_equal(drawn.read(0, 3), images.read(0, 12)[[5, 0, 7]])
    table = drawn.table
    assert list(table["id"]) == ["00000005", "00000000", "00000007"]
    assert list(table["seed"]) == [5, 0, 7]
    assert list(table["label"]) == ["high", "low", "high"]
    assert list(table["original_id"]) == ["000005", "000000", "000007"]
    said = {name: set(table[name]) for name in ("tool", "model", "settings", "made_on", "licence")}
    assert said == {
        "tool": {"StyleGAN3"},
        "model": {"knees v2"},
        "settings": {"psi 0.7"},
        "made_on": {"2026-11-21"},
        "licence": {"CC-BY-4.0"},
    }
    assert set(table["generator"]) == {f"external-{model.fingerprint[:12]}"}


def test_what_is_drawn_is_written_with_all_of_it_and_is_the_same_from_the_opened_folder(
    tmp_path: Path,
) -> None:
    images = pictures((1, 12, 9))
    model = adopt(images, tmp_path / "model", Provenance("a service"))
    opened = open_generator(tmp_path / "model")
    assert isinstance(opened, External)
    assert opened.fingerprint == model.fingerprint
    opened.sample_to(range(4), tmp_path / "set")
    written = open_images(tmp_path / "set")
    np.testing.assert_array_equal(written.read(0, 4), images.read(0, 4))
    assert set(written.table["tool"]) == {"a service"}
    assert written.table["licence"].isna().all()


def test_a_label_has_an_order_of_its_own(tmp_path: Path) -> None:
    model = adopt(pictures((1, 12, 9)), tmp_path, SAID)
    low = model.sample(range(6), Drawing(label="low"))
    assert list(low.table["original_id"]) == [f"{number:06d}" for number in range(0, 12, 2)]
    with pytest.raises(InputError, match=r"no image 6: 6 images .* \(--seeds 0-5\)"):
        model.sample([6], Drawing(label="low"))
    with pytest.raises(InputError, match=r"'dark' is no label of the model \(one of high, low\)"):
        model.sample([0], Drawing(label="dark"))


def test_more_than_there_is_cannot_be_drawn_and_nothing_chosen(tmp_path: Path) -> None:
    model = adopt(pictures((1, 12, 9)), tmp_path, SAID)
    with pytest.raises(InputError, match=r"there is no image 12: .* \(--seeds 0-11\)"):
        model.sample(range(20))
    with pytest.raises(InputError, match=r"external knows no guidance .*\n.*external knows no steps"):
        model.sample([0], Drawing(guidance=2.0, steps=5))
    with pytest.raises(InputError, match="images made elsewhere have no checkpoints"):
        open_generator(tmp_path, at=100)


def test_the_images_own_columns_are_kept_and_never_overwritten(tmp_path: Path) -> None:
    images = pictures((1, 12, 9))
    table = images.table.assign(seed=range(100, 112), prompt="a knee", tool="theirs")
    model = adopt(replace(images, table=table), tmp_path, SAID)
    drawn = model.sample([3]).table
    assert (drawn["seed"][0], drawn["original_seed"][0], drawn["prompt"][0]) == (3, 103, "a knee")
    assert (drawn["tool"][0], drawn["original_tool"][0]) == ("StyleGAN3", "theirs")


def test_adopting_again_opens_and_what_is_other_is_refused(tmp_path: Path) -> None:
    images = pictures((1, 12, 9))
    first = adopt(images, tmp_path / "model", SAID)
    assert adopt(images, tmp_path / "model", SAID).fingerprint == first.fingerprint
    with pytest.raises(InputError, match="says of its images: tool StyleGAN3, model knees v2"):
        adopt(images, tmp_path / "model", replace(SAID, licence="none"))
    with pytest.raises(InputError, match="exists and holds something else"):
        adopt(pictures((1, 12, 9), first=50), tmp_path / "model", SAID)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(InputError, match="exists and holds something else"):
        adopt(images, tmp_path / "other", SAID)


def test_images_are_prepared_on_the_way_in(tmp_path: Path) -> None:
    pixels = pictures((3, 8, 8)).read(0, 12)
    model = adopt(
        ImageSet.from_arrays(pixels), tmp_path, SAID, preparation=Preparation(size=(4, 4), channels="grey")
    )
    assert model.sample([0]).shape == (1, 4, 4)


def test_a_folder_whose_images_are_others_is_damaged(tmp_path: Path) -> None:
    adopt(pictures((1, 12, 9)), tmp_path / "a", SAID)
    adopt(pictures((1, 12, 9), first=50), tmp_path / "b", SAID)
    (tmp_path / "a" / "images").rename(tmp_path / "old")
    (tmp_path / "b" / "images").rename(tmp_path / "a" / "images")
    with pytest.raises(FormatError, match="is of other images than those beside it"):
        open_generator(tmp_path / "a")
    about = json.loads((tmp_path / "b" / "external.json").read_text())
    (tmp_path / "b" / "external.json").write_text(json.dumps(about | {"provenance": {"tool": " "}}))
    (tmp_path / "old").rename(tmp_path / "b" / "images")
    with pytest.raises(FormatError, match="is damaged: tool: is empty"):
        open_generator(tmp_path / "b")


@pytest.mark.parametrize("date", ["2026", "21.11.2026", "20261121", "2026-13-01"])
def test_what_is_said_must_be_something_and_dates_be_dates(date: str) -> None:
    with pytest.raises(InputError, match=r"tool: is empty .*\n.*made_on: is"):
        Provenance("", made_on=date)
