"""Folders of films with three copies among them, and one audit of them that many tests read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calling import Folders, call, write_films
from cohorts import films, joined, noisy_copies, pixels_of


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """60 training films, 40 held-out ones, and 25 synthetic ones of which three are noisy copies."""
    folder = tmp_path_factory.mktemp("cohort")
    train = films(60)
    synthetic = joined(pixels_of(films(22, first=300)), noisy_copies(train, [0, 1, 2]))
    named = replace(synthetic, table=synthetic.table.assign(id=synthetic.table["id"] + ".png"))
    return Folders(
        write_films(folder / "train", train),
        write_films(folder / "synthetic", named, table=False),
        write_films(folder / "holdout", films(40, first=100)),
    )


@pytest.fixture(scope="session")
def run_folder(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit of these folders, to be read only."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        run = tmp_path_factory.mktemp("runs") / "run"
        assert call("audit", *folders.options, "--method", "pearson", "--out", run).code == 0
    return run
