"""An audit of small films with three copies among them, and one release of it that many tests read."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calling import Folders, write_films
from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.estimates import Estimate
from doppelscan.findings import CONTROLS, Findings, RatesByTransform, Run, write_run
from doppelscan.findings.provenance import described
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.together import Opener
from doppelscan.release import About, Limits, Released, ReleaseSettings, croissant, release, releasing
from doppelscan.release.leaks import Sought
from doppelscan.settings import Resources
from doppelscan.workers import silent

LENIENT = Limits(max_copied=0.5, max_exposed=5, min_power=0.1, review_top=0)
SAID = About(
    title="Small films",
    creators=("A group",),
    licence="CC-BY-4.0",
    training_licence="CC BY 4.0",
    published="2026-11-21",
)
DRAWN = [f"drawn-{k}.png" for k in range(25)]


@dataclass(frozen=True)
class Audited:
    """Where the sets and the run of an audit are."""

    folders: Folders
    run: Path


@pytest.fixture(scope="session")
def kept_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache-of-releases")


@pytest.fixture(autouse=True)
def own_cache(kept_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One cache for all tests of releases: what it holds is found by content, and to fill it takes a second."""
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(kept_cache))
    return kept_cache


@pytest.fixture(scope="session")
def audited(kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """60 training films, 40 held-out ones, 25 synthetic ones with label and seed, the last three of them copies."""
    folder = tmp_path_factory.mktemp("cohort")
    synthetic = joined(pixels_of(films(22, first=300)), noisy_copies(films(60), [0, 1, 2]))
    named = replace(synthetic, table=synthetic.table.assign(id=DRAWN))
    folders = Folders(
        write_films(folder / "train", renamed(films(60))),
        write_films(folder / "synthetic", named, table=False),
        write_films(folder / "holdout", renamed(films(40, first=100))),
    )
    table = pd.DataFrame(
        {"file": DRAWN, "label": [f"class {k % 2}" for k in range(25)], "seed": range(700, 725)}
    )
    table["site"] = ["north" if k % 3 else "south" for k in range(25)]
    table.to_csv(folders.synthetic / "images.csv", index=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(kept_cache))
        opener = Opener(Preparation(), None, Resources(workers=1), silent)
        sets = {
            part: described(opener(path, real=part != "synthetic")) for part, path in vars(folders).items()
        }
    write_run(folder / "run", Run(findings(), matches(), nulls(), no_controls(), {"sets": sets, "seed": 0}))
    return Audited(folders, folder / "run")


def findings(**changes: Any) -> Findings:
    """What an audit of them concludes."""
    power = {"exact": Estimate(1.0, 0.96, 1.0, 100), "flip": Estimate(0.12, 0.06, 0.2, 100)}
    alarms = {"exact": Estimate(0.0, 0.0, 0.04, 100), "flip": Estimate(0.01, 0.0, 0.05, 100)}
    values: dict[str, Any] = {
        "method": "pearson",
        "calibration": "conformal",
        "statistic": "margin",
        "n_synthetic": 25,
        "n_train": 60,
        "n_holdout": 40,
        "n_patients": 60,
        "n_null_patients": 100,
        "patients_known": True,
        "shift_controlled": True,
        "fdr": 0.05,
        "threshold": 1.5,
        "p_floor": 1 / 101,
        "least_detectable_copies": 1,
        "identity_errors": (),
        "copied": Estimate(0.12, 0.03, 0.31, 25),
        "copied_with_identity_errors": Estimate(0.12, 0.03, 0.31, 25),
        "copies_left": Estimate(0.001, 0.0, 0.04, 25),
        "excess_copied": Estimate(0.12, 0.0, 0.3, 25),
        "memorized": Estimate(0.05, 0.01, 0.14, 60),
        "patients_exposed": Estimate(0.05, 0.01, 0.14, 60),
        "exposed": ("PAT-00000", "PAT-00001", "PAT-00002"),
        "power": RatesByTransform(Estimate(0.56, 0.5, 0.62, 200), power),
        "false_alarms": RatesByTransform(Estimate(0.005, 0.0, 0.03, 200), alarms),
        "same_patient_alarms": RatesByTransform(Estimate.unknown(), {}),
        "notes": ("The null rests on 100 patients.",),
    }
    return Findings(**values | changes)


def matches() -> pd.DataFrame:
    """The best match of each: suspicion rises with the number, the last three are flagged, the first is constant."""
    place = np.arange(25)
    rows = {
        "synthetic_id": DRAWN,
        "rank": 1,
        "train_id": [f"IM-{k % 60:04d}-0001.png" for k in place],
        "patient": [f"PAT-{k % 60:05d}" for k in place],
        "score": 0.5 + place / 60,
        "statistic": np.where(place >= 22, 1.6, place / 50),
        "p_value": 1 - place / 25,
        "p_kind": ["undefined", *["rank"] * 24],
        "q_value": 1 - place / 25,
        "copied": place >= 22,
        "aligned_by": "",
    }
    return pd.DataFrame(rows)


def nulls() -> pd.DataFrame:
    """A null below all that is flagged."""
    names = [f"IM-{k:04d}-0001.png" for k in range(100)]
    statistic = np.linspace(-0.5, 0.6, 100)
    rows = {"image_id": names, "patient": names, "arm": "calibration", "best_id": names, "score": 0.5}
    return pd.DataFrame(rows | {"statistic": statistic})


def no_controls() -> pd.DataFrame:
    return pd.DataFrame(columns=CONTROLS.names)


def renamed(images: ImageSet) -> ImageSet:
    """The films with names of a hospital: `IM-0007-0001.png` of patient `PAT-00007`."""
    numbers = [int(name[1:]) for name in images.table["patient"]]
    names = {"id": [f"IM-{k:04d}-0001.png" for k in numbers], "patient": [f"PAT-{k:05d}" for k in numbers]}
    return replace(images, table=images.table.assign(**names))


@pytest.fixture
def lenient() -> ReleaseSettings:
    """Settings with which the audit passes."""
    return ReleaseSettings(about=SAID, limits=LENIENT)


@pytest.fixture(scope="session")
def made(audited: Audited, kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A release, to be read only."""
    settings = ReleaseSettings(about=SAID, limits=LENIENT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(kept_cache))
        return release(audited.run, tmp_path_factory.mktemp("releases") / "release", settings=settings)


@pytest.fixture
def folder(made: Released, tmp_path: Path) -> Path:
    """A copy of it, to be tampered with."""
    return Path(shutil.copytree(made.folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def sought(audited: Audited, kept_cache: Path) -> Sought:
    """What is looked for of the training set."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(kept_cache))
        return Sought.of(open_images(audited.folders.train))


@pytest.fixture
def our_croissant_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLCommons' own package, which takes its time, is asked where it is tested."""
    monkeypatch.setattr(croissant, "faults_by_mlcroissant", lambda path: None)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures, which take their time, are drawn where they are tested."""
    monkeypatch.setattr(releasing, "write_figures", lambda folder, run: ())
