"""`doppelscan dedupe` lists what is there twice, and deletes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from calling import call, write_films
from cohorts import films


def doubled(folder: Path) -> Path:
    """Ten films, one of them twice, and one with a trace of noise."""
    write_films(folder, films(10), table=False)
    shutil.copy(folder / "p3-0.png", folder / "p3-0 (2).png")
    pixels = np.asarray(Pillow.open(folder / "p5-0.png"))
    noisy = pixels.astype(int) + np.random.default_rng(0).integers(0, 2, pixels.shape)
    Pillow.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / "p5-1.png")
    return folder


def test_exact_and_near_duplicates_are_listed(tmp_path: Path) -> None:
    done = call("dedupe", doubled(tmp_path / "films"))
    lines = done.out.splitlines()
    assert lines[-1] == "12 images: 1 exact and 1 near duplicates; 10 are distinct."
    assert "p3-0 (2).png  =  p3-0.png  same pixels, under different patients" in lines
    assert any(line.startswith("p5-0.png  =  p5-1.png  correlation ") for line in lines)
    assert len(list((tmp_path / "films").iterdir())) == 12


def test_json_names_pairs_and_what_could_not_be_read(tmp_path: Path) -> None:
    folder = doubled(tmp_path / "films")
    (folder / "broken.png").write_bytes(b"")
    found = json.loads(call("dedupe", folder, "--json").out)
    assert (found["n"], found["kept"], found["groups"]) == (12, 10, 2)
    assert [pair["exact"] for pair in found["pairs"]].count(True) == 1
    assert found["unreadable"] == [["broken.png", "is empty"]]


def test_the_threshold_decides_what_is_near(tmp_path: Path) -> None:
    strict = call("dedupe", doubled(tmp_path / "films"), "--threshold", 1)
    assert strict.out.splitlines()[-1].startswith("12 images: 1 exact and 0 near")
    assert call("dedupe", tmp_path / "films", "--threshold", 2).code == 2


def test_an_empty_folder_is_one_message(tmp_path: Path) -> None:
    done = call("dedupe", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"doppelscan: {tmp_path}: holds no image that can be read\n"
