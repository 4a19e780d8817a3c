"""`doppelscan prepare` as a user calls it: sets on disk, whole or not there."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from calling import bytes_of, call, start, write_films
from cohorts import films
from doppelscan.imagesets import open_images


def test_a_folder_becomes_a_set(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(5, each=2))
    done = call("prepare", source, "--out", tmp_path / "set", "--size", 16)
    assert done.out == f"{tmp_path / 'set'}: 10 images of 1x16x16, uint8, 5 patients\n"
    assert open_images(tmp_path / "set").preparation["size"] == [16]
    assert call("prepare", source, "--out", tmp_path / "set", "--size", 16).out == done.out


def test_a_share_of_the_patients_is_held_out(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(20, each=2))
    done = call("prepare", source, "--out", tmp_path / "sets", "--holdout", 0.25, "--seed", 3)
    assert done.code == 0
    train, held = (open_images(tmp_path / "sets" / name) for name in ("train", "holdout"))
    assert (len(train), len(held)) == (30, 10)
    assert not set(train.table["patient"]) & set(held.table["patient"])
    refused = call("prepare", tmp_path / "sets", "--out", tmp_path / "all")
    assert "holdout, train: a prepared set: name it by itself" in refused.err


def test_what_cannot_be_read_is_told_once_for_each_reason(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(3), table=False)
    for i in range(5):
        (source / f"broken{i}.png").write_bytes(b"")
    (source / "notes.txt").write_text("hello")
    done = call("prepare", source, "--out", tmp_path / "set")
    assert done.code == 0
    assert done.err.splitlines() == [
        "doppelscan: not read: broken0.png, broken1.png, broken2.png and 2 more: is empty",
        "doppelscan: not read: notes.txt: not an image: .txt",
        f"doppelscan: 6 could not be read, all named in {tmp_path / 'set'}/imageset.json",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", 0), "--size"),
        (("--spacing", -1), "spacing_mm"),
        (("--intensity", "percentile", "--percentiles", 90, 10), "percentiles rise"),
        (("--slices", "axial"), "and 1 more: has 2 axes of space"),
        (("--preset", "akbar"), "has 2 axes of space"),
        (("--channels", "9"), "no channel 9"),
        (("--holdout", 2), "2 of 4 patients"),
    ],
)
def test_wrong_options_leave_nothing_behind(
    tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    source = write_films(tmp_path / "films", films(4))
    done = call("prepare", source, "--out", tmp_path / "set", *options)
    assert done.code == 2
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["films"]


@pytest.mark.parametrize("place", ["mine/thesis.doc", "mine", "mine/thesis.doc/set"])
def test_a_place_in_use_is_refused_and_left_alone(tmp_path: Path, place: str) -> None:
    source = write_films(tmp_path / "films", films(3))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("years of work")
    done = call("prepare", source, "--out", tmp_path / place)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert bytes_of(tmp_path / "mine") == {"thesis.doc": b"years of work"}


def test_mixed_modes_and_sizes_name_a_cure_that_works(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(3), table=False)
    Pillow.fromarray(np.zeros((30, 10, 3), np.uint8)).save(source / "rgb.png")
    Pillow.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20)).save(source / "wide.png")
    refused = call("prepare", source, "--out", tmp_path / "set")
    assert refused.code == 2
    assert "--size 128 --channels grey" in refused.err
    assert call("prepare", source, "--out", tmp_path / "set", "--size", 128, "--channels", "grey").code == 0
    assert open_images(tmp_path / "set").shape == (1, 128, 128)


def test_a_killed_prepare_ends_in_the_same_bytes(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(600))
    asked = ("prepare", source, "--size", 16, "--workers", 1)
    assert call(*asked, "--out", tmp_path / "unbroken").code == 0
    whole, out, chance = bytes_of(tmp_path / "unbroken"), tmp_path / "broken", random.Random(0)  # noqa: S311
    for _ in range(3):
        with start(*asked, "--out", out) as child:
            while child.poll() is None and not (tmp_path / ".broken.partial" / "plan.json").exists():
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.2))
            child.kill()
        assert not out.exists() or bytes_of(out) == whole
    assert call(*asked, "--out", out).code == 0
    assert bytes_of(out) == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "films", "unbroken"]
