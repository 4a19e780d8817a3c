"""`doppelscan adopt`: images made elsewhere, drawn from as from any generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calling import call, write_films
from cohorts import films
from doppelscan.imagesets import open_images


def test_images_of_a_folder_are_drawn_in_their_order_with_what_was_said_of_them(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(6), table=False)
    said = ("--tool", "StyleGAN3", "--made-on", "2026-11-21", "--license", "CC0-1.0")
    done = call("adopt", source, "--out", tmp_path / "model", *said)
    told = f"{tmp_path / 'model'}: 6 images by StyleGAN3; draw them with --seeds 0-5\n"
    assert (done.code, done.out) == (0, told)
    assert call("adopt", source, "--out", tmp_path / "model", *said).out == told

    assert call("sample", tmp_path / "model", "--seeds", "2-5", "--out", tmp_path / "set").code == 0
    drawn, found = open_images(tmp_path / "set"), open_images(source)
    np.testing.assert_array_equal(drawn.read(0, 4), found.read(2, 6))
    assert list(drawn.table["original_id"]) == list(found.table["id"][2:6])
    assert set(drawn.table["licence"]) == {"CC0-1.0"}

    refused = call("sample", tmp_path / "model", "--seeds", "0-6", "--out", tmp_path / "more")
    assert (refused.code, "there is no image 6" in refused.err) == (2, True)
    other = call("train", "external", "--images", source, "--out", tmp_path / "new")
    assert "'external' is not trained, but taken as it is (doppelscan adopt)" in other.err
