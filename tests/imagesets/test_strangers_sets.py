"""Sets of strangers: whatever their files say, they are opened as images or refused as damaged."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

from cohorts import films
from doppelscan.errors import FormatError, InputError
from doppelscan.imagesets import open_images, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of three films on disk."""
    save(films(3, side=8), tmp_path / "set")
    return tmp_path / "set"


def said(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def rows(folder: Path, **changes: Any) -> None:
    table = pd.read_parquet(folder / "images.parquet")
    table.assign(**changes).to_parquet(folder / "images.parquet")


def pickled(folder: Path) -> None:
    """Zarr of the second version, whose numbers are unpickled: whatever they say would be done."""
    shutil.rmtree(folder / "pixels.zarr")
    zarr.create_array(folder / "pixels.zarr", data=np.zeros((3, 1, 8, 8), np.uint8), zarr_format=2)
    said(folder / "pixels.zarr/.zarray", dtype="|O", filters=[{"id": "pickle"}])


ATTACKS: dict[str, Callable[[Path], object]] = {
    "pixels that are unpickled": pickled,
    "a link to a device": lambda folder: (folder / "pixels.zarr/c/9").symlink_to("/dev/zero"),
    "a link out of the folder": lambda folder: (folder / "more").symlink_to(folder.parent),
    "more pixels than there are atoms": lambda folder: said(
        folder / "pixels.zarr/zarr.json", shape=[3, 1, 2**40, 2**40]
    ),
    "an array that is a group": lambda folder: said(folder / "pixels.zarr/zarr.json", node_type="group"),
    "a preparation that is none": lambda folder: said(
        folder / "imageset.json", made_from={"preparation": ["a"]}
    ),
    "unreadable files that are none": lambda folder: said(folder / "imageset.json", unreadable=[[1, 2, 3]]),
    "ids that are no text": lambda folder: rows(folder, id=[1, 2, 3]),
    "images without an id": lambda folder: rows(folder, id=["a", None, "b"]),
    "patients that are lists": lambda folder: rows(folder, patient=[["a"], ["b"], ["c"]]),
    "a spacing of one number": lambda folder: rows(folder, spacing_mm=[[1.0]] * 3),
    "metadata nested a million times": lambda folder: (folder / "imageset.json").write_text("[" * 10**6),
    "a manifest that never ends": lambda folder: _replaced(folder / "imageset.json", os.mkfifo),
}


def _replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_set_is_refused(attack: str, folder: Path) -> None:
    ATTACKS[attack](folder)
    with pytest.raises(InputError):
        open_images(folder).read(0, 3)


def test_a_chunk_that_is_damaged_is_a_damaged_set(folder: Path) -> None:
    (chunk,) = (path for path in (folder / "pixels.zarr/c").rglob("*") if path.is_file())
    for content in (b"", b"\2\1\1\1" + b"\xff" * 12, chunk.read_bytes()[:-9]):
        chunk.write_bytes(content)
        with pytest.raises(FormatError):
            open_images(folder).read(0, 3)


def test_a_set_that_was_sound_is_read(folder: Path) -> None:
    np.testing.assert_array_equal(open_images(folder).read(0, 3), films(3, side=8).read(0, 3))
