"""Small sets of films, what every long command is asked to do with them, and disks of a few kilobytes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from calling import Folders, call
from cohorts import films, joined, noisy_copies, pixels_of
from demos import smaller
from doppelscan.imagesets import open_images, save
from lesions import lesions
from studying import RECIPE

SMALL = ("channels=8,8,16", "patch_channels=8,8", "latent_channels=2", "n_images=16", "batch=8")


@dataclass(frozen=True)
class Disk:
    """A file system of its own, which can be full, or closed for writing."""

    place: Path

    def change(self, options: str) -> None:
        """Mount it anew, with other options."""
        self._told("mount", "-o", f"remount,{options}", str(self.place))

    def _told(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 200 kB; a test that needs one is skipped where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    asked = ("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place))
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk may be mounted here: {done.stderr.strip()}")
    yield Disk(place)
    subprocess.run(("umount", "-l", str(place)), check=True)


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Sets as `prepare` writes them: 300 training films, 40 held-out ones, 25 synthetic ones, three of them copies."""
    folder = tmp_path_factory.mktemp("sets")
    train = films(300)
    save(train, folder / "train")
    save(joined(pixels_of(films(22, first=400)), noisy_copies(train, [0, 1, 2])), folder / "synthetic")
    save(films(40, first=500), folder / "holdout")
    return Folders(folder / "train", folder / "synthetic", folder / "holdout")


@pytest.fixture(scope="session")
def model(sets: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learnt next to nothing."""
    from doppelscan.generators import Keeping, changed, family_named, fit

    out = tmp_path_factory.mktemp("models") / "model"
    settings = changed(family_named("vae").presets["tiny"], SMALL)
    fit(open_images(sets.holdout), settings, out=out, keeping=Keeping(marks=1, grid=0))
    return out


@pytest.fixture(scope="session")
def run(sets: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of these sets."""
    out = tmp_path_factory.mktemp("runs") / "run"
    assert call("audit", *sets.options, "--method", "pearson", "--out", out).code == 0
    return out


def training(sets: Folders) -> tuple[object, ...]:
    """`train` as small as can be."""
    changes = [word for change in SMALL for word in ("--set", change)]
    return ("vae", "--images", sets.holdout, "--preset", "tiny", "--device", "cpu", *changes)


@pytest.fixture
def asked(
    sets: Folders, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], tuple[object, ...]]:
    """What a command is asked for, but for --out."""

    def words(name: str) -> tuple[object, ...]:
        few = ("--patients", 6, "--transforms", "exact", "--strength", 1)
        limits = "--max-copied 0.9 --max-exposed 60 --min-power 0 --review-top 0 --license CC0-1.0"
        if name == "utility":
            for part, first in (("real", 0), ("test", 100), ("new", 200)):
                save(lesions(12, first), tmp_path / part)
        if name == "demo":
            smaller(request.getfixturevalue("monkeypatch"))
        if name == "study":
            (tmp_path / "recipe.toml").write_text(RECIPE)
        made = {"sample": "model", "release": "run"}.get(name)
        given = request.getfixturevalue(made) if made else None
        return {
            "prepare": (sets.train, "--size", 24),
            "train": training(sets),
            "sample": (given, "--seeds", "0-40", "--device", "cpu"),
            "adopt": (sets.synthetic, "--tool", "another"),
            "audit": (*sets.options, "--method", "pearson"),
            "quality": ("--real", *sets.options[1:], "--encoder", "pixels", "--draws", 4, "--pairs", 6),
            "membership": sets.options,
            "utility": (
                *("--real", tmp_path / "real", "--test", tmp_path / "test", "--synthetic", tmp_path / "new"),
                *("--real-per-class", "2", "--per-real", "1", "--seeds", "2", "--encoder", "pixels"),
            ),
            "power": ("--train", sets.train, "--holdout", sets.holdout, *few),
            "study": (tmp_path / "recipe.toml",),
            "release": (
                "--audit",
                given,
                *limits.split(),
                "--training-license",
                "allowed",
                "--published",
                "2026-11-21",
            ),
            "demo": (),
        }[name]

    return words
