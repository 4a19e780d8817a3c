"""Runs of known content, without an audit: what the page is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from doppelscan.estimates import Estimate
from doppelscan.findings import (
    AlignedPair,
    Findings,
    IdentityError,
    RatesByTransform,
    Run,
    alignments_of,
    write_run,
)
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.report import write_report

N_TRAIN, N_NULL = 40, 30


@dataclass(frozen=True)
class Example:
    """A run on disk, and the sets that it was made from."""

    folder: Path
    run: Run
    train: ImageSet
    synthetic: ImageSet

    def page(self, **options: Any) -> str:
        """The report's HTML."""
        return write_report(self.folder, train=self.train, synthetic=self.synthetic, **options).read_text()


MakeExample = Callable[..., Example]


@pytest.fixture
def make_example(tmp_path: Path) -> MakeExample:
    """A run of `n` synthetic images of which the first `copies` copy the training images of the same place."""

    def make(
        *,
        n: int = 50,
        copies: int = 0,
        shape: tuple[int, ...] = (1, 24, 24),
        name: str = "img",
        record: dict[str, Any] | None = None,
        aligned: bool = False,
        **changes: Any,
    ) -> Example:
        train, synthetic = sets(n, copies, shape, name)
        run = Run(
            replace(findings(n, copies, name), **changes),
            matches(n, copies, name),
            nulls(),
            controls(),
            record or {},
            alignments=alignments_of(
                aligned_pair(f"{name}-drawn-{k}", f"{name}-real-{k % N_TRAIN}", len(shape) - 1)
                for k in range(n if aligned else 0)
            ),
        )
        write_run(tmp_path / "run", run)
        return Example(tmp_path / "run", run, train, synthetic)

    return make


@pytest.fixture
def identity_error() -> IdentityError:
    """A held-out image and a training image of "different" patients that are near-identical."""
    return IdentityError(
        "held-1",
        "held-person-1",
        "img-real-3",
        patient(3, "img"),
        "calibration",
        0.9997,
        2.1,
        "near-identical pixels",
    )


def aligned_pair(synthetic_id: str, train_id: str, n_axes: int) -> AlignedPair:
    """A pair of which the first quarter agrees; the training image is shifted by a tenth along the last axis."""
    part = np.zeros((8,) * n_axes, dtype=bool)
    part[(slice(0, 4),) * n_axes] = True
    placement = Placement(np.eye(n_axes), np.array([0.0] * (n_axes - 1) + [0.2]))
    agreement = np.where(part, 95, 20).astype(np.int8)
    return AlignedPair(synthetic_id, train_id, placement, 0.9, 0.9, agreement, part)


def patient(place: int, name: str) -> str:
    return f"{name}-person-{place // 2}"


def sets(n: int, copies: int, shape: tuple[int, ...], name: str) -> tuple[ImageSet, ImageSet]:
    rng = np.random.default_rng(7)
    real = rng.integers(0, 256, (N_TRAIN, *shape), dtype=np.uint8)
    drawn = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    for place in range(copies):
        drawn[place] = real[place % N_TRAIN]
    train = pd.DataFrame(
        {
            "id": [f"{name}-real-{k}" for k in range(N_TRAIN)],
            "patient": [patient(k, name) for k in range(N_TRAIN)],
        }
    )
    synthetic = pd.DataFrame({"id": [f"{name}-drawn-{k}" for k in range(n)]})
    return ImageSet.from_arrays(real, train), ImageSet.from_arrays(drawn, synthetic)


def matches(n: int, copies: int, name: str) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    copied = np.arange(n) < copies
    score = np.where(copied, 0.99, rng.uniform(0.5, 0.8, n))
    best = pd.DataFrame(
        {
            "synthetic_id": [f"{name}-drawn-{k}" for k in range(n)],
            "rank": 1,
            "train_id": [f"{name}-real-{k % N_TRAIN}" for k in range(n)],
            "patient": [patient(k % N_TRAIN, name) for k in range(n)],
            "score": score,
            "statistic": np.where(copied, 1.5, rng.normal(0, 0.1, n)),
            "p_value": np.where(copied, 1e-5, rng.uniform(0.05, 1, n)),
            "p_kind": np.where(copied, "tail", "rank"),
            "q_value": np.where(copied, 1e-3, 0.9),
            "copied": copied,
            "aligned_by": "",
        }
    )
    second = best.assign(rank=2, train_id=f"{name}-real-39", score=best["score"] - 0.2)
    return pd.concat([best, second]).sort_values(["synthetic_id", "rank"], ignore_index=True)


def nulls() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    return pd.DataFrame(
        {
            "image_id": [f"held-{k}" for k in range(N_NULL)],
            "patient": [f"held-person-{k}" for k in range(N_NULL)],
            "arm": "calibration",
            "best_id": "img-real-0",
            "score": rng.uniform(0.5, 0.8, N_NULL),
            "statistic": rng.normal(0, 0.1, N_NULL),
        }
    )


def controls() -> pd.DataFrame:
    columns = [
        "image_id",
        "source_id",
        "transform",
        "strength",
        "arm",
        "score",
        "statistic",
        "p_value",
        "copied",
        "named",
    ]
    return pd.DataFrame({column: [] for column in columns})


def findings(n: int, copies: int, name: str) -> Findings:
    rate = copies / n if n else 0.0
    exposed = tuple(dict.fromkeys(patient(k % N_TRAIN, name) for k in range(copies)))
    planted = {"exact": Estimate(1.0, 0.96, 1.0, 100), "flip": Estimate(0.12, 0.06, 0.2, 100)}
    alarms = {"exact": Estimate(0.0, 0.0, 0.04, 100), "flip": Estimate(0.01, 0.0, 0.05, 100)}
    return Findings(
        method="pearson",
        calibration="conformal",
        statistic="margin",
        n_synthetic=n,
        n_train=N_TRAIN,
        n_holdout=N_NULL,
        n_patients=20,
        n_null_patients=N_NULL,
        patients_known=True,
        shift_controlled=True,
        fdr=0.05,
        threshold=1.5 if copies else None,
        p_floor=1 / 31,
        least_detectable_copies=1,
        identity_errors=(),
        copied=Estimate(rate, max(0.0, rate - 0.02), min(1.0, rate + 0.03), n),
        copied_with_identity_errors=Estimate(rate, 0.0, 1.0, n),
        copies_left=Estimate(0.001, 0.0, 0.004, n),
        excess_copied=Estimate(rate, max(0.0, rate - 0.03), min(1.0, rate + 0.04), n),
        memorized=Estimate(min(1.0, copies / N_TRAIN), 0.0, 1.0, N_TRAIN),
        patients_exposed=Estimate(len(exposed) / 20, 0.0, 1.0, 20),
        exposed=exposed,
        power=RatesByTransform(Estimate(0.94, 0.9, 0.97, 200), planted),
        false_alarms=RatesByTransform(Estimate(0.005, 0.0, 0.03, 200), alarms),
        same_patient_alarms=RatesByTransform(
            Estimate(0.02, 0.0, 0.07, 100), {"none": Estimate(0.02, 0.0, 0.07, 100)}
        ),
    )
