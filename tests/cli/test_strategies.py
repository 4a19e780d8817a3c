"""`doppelscan sample` by strategies and plans, as a user calls it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calling import call, write_films
from cohorts import films
from doppelscan.images.regions import region_from
from doppelscan.imagesets import open_images

SMALL = [
    *("--set", "n_images=8", "--set", "batch=8", "--set", "channels=8,16", "--set", "attention=false,true"),
    *("--set", "head_channels=8", "--set", "steps=20", "--set", "sampler_steps=2", "--set", "patch=1"),
]
PLAN = '[[quota]]\nn = 3\n[[quota]]\nn = 2\nstrategy = "outpaint"\n'


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_films(folder / "films", films(8, side=16))
    options = ("--images", folder / "films", "--out", folder / "model", *SMALL)
    assert call("train", "ddpm", *options).code == 0
    return folder / "model"


def test_images_are_inpainted_and_say_of_whom(model: Path, tmp_path: Path) -> None:
    source = model.parent / "films"
    options = ("--strategy", "inpaint", "--source", source, "--out", tmp_path / "set")
    assert call("sample", model, "--seeds", "0-2", *options, "--strength", 0.9).code == 0
    made, sources = open_images(tmp_path / "set"), open_images(source)
    given = sources.take(sources.positions(list(made.table["source_id"])))
    kept = ~region_from(made.table["region"][0])
    np.testing.assert_array_equal(made.read(0, 3)[..., kept], given.read(0, 3)[..., kept])
    audited = call("audit", "--train", source, "--synthetic", tmp_path / "set", "--out", tmp_path / "run",
                   "--method", "pearson")  # fmt: skip
    assert audited.code == 0
    assert json.loads((tmp_path / "run" / "findings.json").read_text())["derived"]["n"] == 3


def test_a_plan_is_drawn_in_shards_that_are_one_set(model: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    options = (
        "--plan",
        tmp_path / "plan.toml",
        "--source",
        model.parent / "films",
        "--out",
        tmp_path / "set",
    )
    for shard in ("1/2", "2/2"):
        assert call("sample", model, *options, "--shard", shard).code == 0
    made = open_images(tmp_path / "set")
    assert sorted(made.table["strategy"]) == ["outpaint"] * 2 + ["text"] * 3
    said = json.loads((tmp_path / "set" / "shard-2-of-2" / "samples.json").read_text())
    assert (said["n_drawn"], said["shard"]) == (2, [2, 2])


def test_nothing_is_said_to_be_there_before_it_is_published(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.toml").write_text("[[quota]]\nn = 2\n")

    @contextlib.contextmanager
    def lost(out: Path, **_how: object) -> Iterator[Path]:
        yield tmp_path / "draft"
        raise OSError("the network is gone")

    monkeypatch.setattr("doppelscan.store.staged", lost)
    done = call("sample", model, "--plan", tmp_path / "plan.toml", "--out", tmp_path / "set")
    assert (done.code, done.out, "the network is gone" in done.err) == (2, "", True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "either --seeds 0-99 or --plan FILE"),
        (("--seeds", "0", "--shard", "1/2"), "shards are of a plan"),
        (("--seeds", "0", "--strategy", "inpaint"), "begin from real images (--strategy and --source)"),
        (("--seeds", "0", "--masks", "masks"), "masks are of the images that are begun from"),
        (("--seeds", "0", "--group", "tone"), "'tone' is not of the form column=value"),
        (("--seeds", "0", "--prompt", "a mole"), "ddpm knows no prompt"),
        (("--plan", "plan.toml", "--strength", 0.5), "a plan says its labels, groups and strategies itself"),
        (("--plan", "plan.toml", "--label", "x", "--group", "t=1"), "(leave out --label, --group)"),
        (("--plan", "nowhere.toml"), "is no readable plan"),
    ],
)
def test_what_contradicts_itself_is_refused(
    options: tuple[object, ...], why: str, model: Path, tmp_path: Path
) -> None:
    done = call("sample", model, *options, "--out", tmp_path / "set")
    assert done.code == 2
    assert why in done.err


def test_a_label_that_no_image_has_is_refused_in_training(model: Path, tmp_path: Path) -> None:
    options = ("--images", model.parent / "films", "--out", tmp_path / "m", "--label", "nevus", *SMALL)
    done = call("train", "ddpm", *options)
    assert (done.code, "is 'nevus'" in done.err) == (2, True)
