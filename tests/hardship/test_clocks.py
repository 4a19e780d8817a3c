"""A clock that goes back, and files from the future, change nothing: no order and no duration is told by the hour."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from calling import Folders, bytes_of, call, write_films
from cohorts import films
from doppelscan.images.formats import entries, read
from doppelscan.store import locked

FUTURE, PAST = datetime(2120, 1, 1, tzinfo=UTC).timestamp(), datetime(1931, 1, 1, tzinfo=UTC).timestamp()


def dated(folder: Path, *times: float) -> None:
    """Give the files under a folder these times, in turn, the last ones by name first."""
    for path, when in zip(sorted(folder.rglob("*"), reverse=True), itertools.cycle(times), strict=False):
        os.utime(path, (when, when), follow_symlinks=False)


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The hour goes back by a day whenever somebody looks; the hours that were told."""
    told = [FUTURE]

    def hour() -> float:
        told.append(told[-1] - 86_400)
        return told[-1]

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", hour)
        patch.setattr(time, "time_ns", lambda: int(1e9 * hour()))
        yield told


def test_files_of_any_time_give_the_same_bytes(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "films", films(6))
    for name, times in (("now", ()), ("never", (FUTURE, PAST))):
        if times:
            dated(folder, *times)
        assert call("prepare", folder, "--out", tmp_path / name).code == 0
    assert bytes_of(tmp_path / "now") == bytes_of(tmp_path / "never")


@pytest.mark.parametrize("kind", ["npz", "tif"])
def test_another_file_of_the_same_size_and_time_is_read_anew(tmp_path: Path, kind: str) -> None:
    """As where a clock went back between two writes, or a copy brought its time along."""
    path, shown = tmp_path / f"film.{kind}", []
    for value in (1, 2):
        pixels = np.full((1, 8, 8), value, np.uint8)
        _write(path, pixels)
        os.utime(path, (FUTURE, FUTURE))
        shown.append(int(read(entries(path)[0]).stored.max()))
    assert shown == [1, 2]


def _write(path: Path, pixels: np.ndarray) -> None:
    if path.suffix == ".npz":
        np.savez(path, films=pixels)
    else:
        from PIL import Image

        Image.fromarray(pixels[0]).save(path)


def test_an_audit_whose_clock_goes_back_ends_with_the_same_numbers(
    sets: Folders, tmp_path: Path, backwards: list[float]
) -> None:
    done = call("audit", *sets.options, "--method", "pearson", "--out", tmp_path / "back")
    assert done.code == 0, done.err
    seconds = json.loads((tmp_path / "back/run.json").read_text())["seconds"]
    assert seconds
    assert all(0 <= taken < 3600 for taken in seconds.values())


def test_a_lock_from_the_future_is_held_by_nobody(tmp_path: Path) -> None:
    lock = tmp_path / ".set.lock"
    lock.write_text(json.dumps({"pid": 1, "host": "here", "command": "audit", "since": "2120-01-01 00:00"}))
    os.utime(lock, (FUTURE, FUTURE))
    begun = time.monotonic()
    with locked(tmp_path / "set"):
        assert time.monotonic() - begun < 5
    assert not lock.exists()


def test_a_training_goes_on_whose_files_are_from_the_future(tmp_path: Path) -> None:
    """The checkpoint to go on from is the furthest, not the one that was written last by its time."""
    from doppelscan.generators import Keeping, fit
    from generators.small import pictures, settings, weights

    images, chosen = pictures((1, 8, 8)), settings("vae", "n_images=64")
    every_step = Keeping(marks=8, grid=0, log_steps=1, every=16)

    class Cut(Exception):
        """Somebody stops the training."""

    def cut(_work: str, done: int, _total: int) -> None:
        if done >= 32:
            raise Cut

    fit(images, chosen, out=tmp_path / "whole", keeping=every_step)
    with pytest.raises(Cut):
        fit(images, chosen, out=tmp_path / "cut", keeping=every_step, progress=cut)
    dated(tmp_path / "cut" / "checkpoints", FUTURE, PAST)
    fit(images, chosen, out=tmp_path / "cut", keeping=every_step)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_what_is_left_to_do_is_never_told_as_less_than_nothing(backwards: list[float]) -> None:
    """The bar of a terminal takes its time from a clock that does not go back."""
    from rich.progress import Progress

    bars = Progress(disable=True)
    task = bars.add_task("drawing", total=4)
    for _ in range(3):
        bars.advance(task)
    (shown,) = bars.tasks
    assert shown.elapsed is not None
    assert shown.elapsed >= 0
    assert shown.time_remaining is None or shown.time_remaining >= 0
    assert backwards[1:] == [], "nobody asked for the hour"
