"""What a measurement of quality concludes: the content of `quality.json`, and of the table beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from doppelscan.errors import InputError, Problem
from doppelscan.estimates import Estimate
from doppelscan.findings.folders import cleared
from doppelscan.findings.plain import from_plain, to_plain
from doppelscan.findings.run import RECORD_FORMAT
from doppelscan.store import read_json, read_table, write_json, write_table

__all__ = [
    "QUALITY_FILES",
    "QUALITY_FORMAT",
    "SAMPLES",
    "Measured",
    "Quality",
    "QualityRun",
    "TwoSample",
    "read_quality",
    "write_quality",
]

QUALITY_FORMAT = "doppelscan-quality/1"
QUALITY_FILES = ("quality.json", "quality.parquet", "run.json", "report.html")

# One row per synthetic image.
SAMPLES = pa.schema(
    [
        ("synthetic_id", pa.string()),
        ("realism", pa.float64()),  # above 1: in a ball about a real image; null where there are no balls
        ("density", pa.float64()),  # balls that it is in, over 5
        ("real_like", pa.bool_()),  # counted by precision
        ("authentic", pa.bool_()),  # counted by authenticity
        ("nearest_id", pa.string()),  # the real image whose vector is nearest
        ("nearest_patient", pa.string()),  # null where unknown
        ("distance", pa.float64()),  # to it
    ],
    metadata={"format": "doppelscan-quality-samples/1"},
)


@dataclass(frozen=True)
class Measured:
    """One number about a synthetic set. What each name means stands in the documentation.

    Attributes
    ----------
    value
        Of all images.
    at_size
        Of as few images as `perfect` is about.
    perfect
        What a perfect generator would get at that size: the mean, and the limits of 95 of 100.
    absent
        Why it was not measured; empty where it was. The estimates are unknown then.
    """

    name: str
    value: Estimate
    at_size: Estimate
    perfect: Estimate
    absent: str = ""


@dataclass(frozen=True)
class TwoSample:
    """Whether synthetic images lie nearer to trained patients than to held-out ones, in one space.

    Attributes
    ----------
    space
        What was compared: `pixels`, or the encoder.
    share
        How many synthetic images have a training image nearest, had there been as many of them as held-out ones:
        one half if the generator saw neither.
    p_value
        The chance of so many, if chance had chosen the trained patients.
    p_opposite
        The chance of so few.
    p_sides
        The chance of real images being so much nearest to their own side.
    """

    space: str
    share: Estimate
    p_value: float
    p_opposite: float
    p_sides: float


@dataclass(frozen=True)
class Quality:
    """What was measured of a synthetic set.

    Attributes
    ----------
    encoder
        Whose vectors were compared: `contrastive`, `pixels`, or the name of a file or folder.
    n_numbers
        Numbers in a vector.
    n_real, n_real_patients, n_synthetic, n_holdout, n_holdout_patients
        Images in each set, and their patients; an image of unknown patient counts as one of its own.
    patients_known
        Whether every real image names its patient.
    fidelity
        How like real images they are, and how diverse.
    memorization
        Scores for the whole set that others report; none of them names a copy.
    two_sample
        The test with held-out patients, by space; empty without a holdout.
    notes
        What a reader must know to read the numbers, one sentence each.
    """

    encoder: str
    n_numbers: int
    n_real: int
    n_real_patients: int
    n_synthetic: int
    n_holdout: int
    n_holdout_patients: int
    patients_known: bool
    fidelity: tuple[Measured, ...]
    memorization: tuple[Measured, ...]
    two_sample: tuple[TwoSample, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Measured:
        """The number of this name."""
        return {one.name: one for one in (*self.fidelity, *self.memorization)}[name]

    def to_json(self) -> dict[str, Any]:
        """The content of `quality.json`."""
        return {"format": QUALITY_FORMAT} | to_plain(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Quality:
        """The quality that `to_json` wrote.

        Raises
        ------
        FormatError
            If a field is absent or not what it should be.
        """
        return from_plain(Quality, data, where="quality.json")


@dataclass(frozen=True, eq=False)
class QualityRun:
    """A measurement of quality, what it says of single images, and the record of how it was made."""

    quality: Quality
    samples: pd.DataFrame
    record: Mapping[str, Any]


def write_quality(folder: Path, run: QualityRun) -> None:
    """Write `quality.parquet`, a row for each synthetic image, `run.json`, and `quality.json`, which comes last."""
    cleared(folder, "quality.json")
    write_table(folder / "quality.parquet", run.samples, SAMPLES)
    write_json(folder / "run.json", {"format": RECORD_FORMAT} | dict(run.record))
    write_json(folder / "quality.json", run.quality.to_json())


def read_quality(folder: Path) -> QualityRun:
    """The measurement that `write_quality` wrote.

    Raises
    ------
    InputError
        If there is none in `folder`.
    FormatError
        If a file of it is damaged or of another version.
    """
    if not (folder / "quality.json").exists():
        what = "holds no measurement of quality (no quality.json)"
        raise InputError(Problem(what, where=str(folder), cure="run doppelscan quality"))
    return QualityRun(
        Quality.from_json(read_json(folder / "quality.json", expected=QUALITY_FORMAT)),
        read_table(folder / "quality.parquet", SAMPLES),
        read_json(folder / "run.json", expected=RECORD_FORMAT),
    )
