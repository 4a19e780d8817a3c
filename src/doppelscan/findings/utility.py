"""What a measurement of utility concludes: the content of `utility.json`, and of the tables beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "CELLS",
    "EMBEDDING",
    "NEAREST",
    "UTILITY_FILES",
    "UTILITY_FORMAT",
    "Arm",
    "Contrast",
    "Outcome",
    "Parents",
    "Saturation",
    "Seeds",
    "Utility",
    "UtilityRun",
    "Worth",
    "read_utility",
    "write_utility",
]

UTILITY_FORMAT = "doppelscan-utility/1"
UTILITY_FILES = (
    "utility.json",
    "cells.parquet",
    "embedding.parquet",
    "nearest.parquet",
    "run.json",
    "report.html",
)

# One row per cell and group of test images.
CELLS = pa.schema(
    [
        ("arm", pa.string()),
        ("part", pa.string()),  # joined, alone, reverse
        ("real_per_class", pa.float64()),  # the mean over classes
        ("per_real", pa.int32()),
        ("seed", pa.int32()),
        ("group", pa.string()),  # all; class=...; a column=its value
        ("n_real", pa.int32()),
        ("n_synthetic", pa.int32()),
        ("n_test", pa.int32()),
        ("chosen", pa.float64()),  # on granted images: a penalty, or a number of steps
        ("accuracy", pa.float64()),
        ("top3_accuracy", pa.float64()),  # null where there are no more than three classes
        ("balanced_accuracy", pa.float64()),
        ("auroc", pa.float64()),  # null where the group has one class
        ("auprc", pa.float64()),
        ("calibration_error", pa.float64()),
    ],
    metadata={"format": "doppelscan-utility-cells/1"},
)

# One row per image that was laid out: granted ones of the first seed, and what was made for them.
EMBEDDING = pa.schema(
    [
        ("arm", pa.string()),
        ("id", pa.string()),
        ("label", pa.string()),
        ("x", pa.float64()),  # along the first two principal axes of the real images' vectors
        ("y", pa.float64()),
        ("nearest_id", pa.string()),  # of a synthetic image: the granted real one whose vector is nearest
        ("distance", pa.float64()),  # to it
        ("source_id", pa.string()),  # what it was made from; null where unknown
        ("source_distance", pa.float64()),
    ],
    metadata={"format": "doppelscan-utility-embedding/1"},
)

# One row for each of a few synthetic images of every generator, those nearest to a granted real one first.
NEAREST = pa.schema(
    [
        ("arm", pa.string()),
        ("id", pa.string()),
        ("label", pa.string()),
        ("nearest_id", pa.string()),
        ("distance", pa.float64()),
        ("picture", pa.binary()),  # of the synthetic image, a PNG: the image itself may be nowhere on disk
    ],
    metadata={"format": "doppelscan-utility-nearest/1"},
)


@dataclass(frozen=True)
class Arm:
    """Where images that join the real ones came from.

    Attributes
    ----------
    kind
        `generator` or `control`.
    refitted
        Whether it knows no real images but those that the classifier was granted.
    """

    name: str
    kind: str
    refitted: bool


@dataclass(frozen=True)
class Outcome:
    """How classifiers of one cell did, over all seeds.

    Attributes
    ----------
    arm, part, real_per_class, per_real
        The cell, as in `cells.parquet`.
    measures
        Each measure of all test images.
    by_group
        The outcome that arms are compared by, for each group.
    """

    arm: str
    part: str
    real_per_class: float
    per_real: int
    measures: dict[str, Estimate]
    by_group: dict[str, Estimate]


@dataclass(frozen=True)
class Contrast:
    """What a generator's images add over a control, with the same real images and the same seeds.

    Attributes
    ----------
    against
        `real`: the granted images alone; `duplicated`, `augmented`: as many images made of those.
    group
        `all`, or a group of test images.
    difference
        Of the outcome; above 0: better (of a calibration error: worse).
    p_value, q_value
        That there is none; corrected for all contrasts of the run (Benjamini, Hochberg).
    """

    arm: str
    against: str
    group: str
    real_per_class: float
    per_real: int
    difference: Estimate
    p_value: float
    q_value: float


@dataclass(frozen=True)
class Worth:
    """How many more real images per class would have done as well.

    Attributes
    ----------
    synthetic_per_class
        How many synthetic images per class there were.
    equivalent
        Real images per class; below 0: the synthetic ones do harm. A limit beyond the largest number of real images
        is infinite.
    beyond
        Whether they did better than the largest number of real images: the value is the least then.
    each
        The same for one synthetic image: 1, if it is as good as a real one.
    """

    arm: str
    real_per_class: float
    per_real: int
    synthetic_per_class: float
    equivalent: Estimate
    each: Estimate
    beyond: bool

    @property
    def sentence(self) -> str:
        """What it says, for readers: `24 synthetic are worth 20 [12, 31] real ones per class, beside 8 real ones`."""
        found = self.equivalent
        high = f"{found.high:.0f}" if math.isfinite(found.high) else "more than there are"
        least = "at least " if self.beyond else ""
        return (
            f"{self.arm}: {self.synthetic_per_class:.0f} synthetic images per class are worth {least}"
            f"{found.value:.0f} [{found.low:.0f}, {high}] real ones, beside {self.real_per_class:.0f} real ones."
        )


@dataclass(frozen=True)
class Saturation:
    """From how many synthetic images per real one on more of them add little.

    Attributes
    ----------
    ratio
        Where nine tenths of the largest gain are reached; unknown where there is no gain.
    gain
        The largest gain over real images alone, along a curve that never falls.
    """

    arm: str
    real_per_class: float
    ratio: Estimate
    gain: Estimate


@dataclass(frozen=True)
class Seeds:
    """How many seeds would settle an effect.

    Attributes
    ----------
    effect
        The difference from real images alone that is to be found in 8 of 10 studies.
    needed
        Seeds; None: no number of them, the test set has too few patients.
    """

    arm: str
    real_per_class: float
    per_real: int
    effect: float
    needed: int | None


@dataclass(frozen=True)
class Parents:
    """How near synthetic images lie to real ones, in spreads of the encoder's vectors.

    Attributes
    ----------
    nearest
        The median distance to the nearest granted image.
    to_source
        To the image that each was made from; unknown where none is named.
    at_random
        Between a synthetic image and any granted image of the same class.
    real_to_real
        From a granted image to the nearest one of another patient.
    """

    arm: str
    n: int
    nearest: Estimate
    to_source: Estimate
    at_random: Estimate
    real_to_real: Estimate


@dataclass(frozen=True)
class Utility:
    """What synthetic images are worth to a classifier.

    Attributes
    ----------
    classifier, encoder
        What was trained, and on whose vectors (empty: on pixels).
    outcome
        What arms are compared by.
    declared
        What a reader must be warned of, one sentence each: a generator that saw more than was granted.
    absent
        Cells that could not be, one line each.
    notes
        What a reader must know to read the numbers.
    """

    classifier: str
    encoder: str
    outcome: str
    classes: tuple[str, ...]
    n_seeds: int
    n_real: int
    n_real_patients: int
    n_test: int
    n_test_patients: int
    patients_known: bool
    arms: tuple[Arm, ...]
    outcomes: tuple[Outcome, ...]
    contrasts: tuple[Contrast, ...]
    worths: tuple[Worth, ...]
    saturations: tuple[Saturation, ...]
    seeds: tuple[Seeds, ...]
    parents: tuple[Parents, ...]
    declared: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The content of `utility.json`."""
        return {"format": UTILITY_FORMAT} | to_plain(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Utility:
        """The measurement that `to_json` wrote.

        Raises
        ------
        FormatError
            If a field is absent or not what it should be.
        """
        return from_plain(Utility, data, where="utility.json")


@dataclass(frozen=True, eq=False)
class UtilityRun:
    """A measurement of utility, every cell of it, the view of the embedding, how it was made, what lies nearest."""

    utility: Utility
    cells: pd.DataFrame
    embedding: pd.DataFrame
    record: Mapping[str, Any]
    nearest: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=NEAREST.names))


def write_utility(folder: Path, run: UtilityRun) -> None:
    """Write the tables, `run.json`, and `utility.json`, which comes last."""
    cleared(folder, "utility.json")
    write_table(folder / "cells.parquet", run.cells, CELLS)
    write_table(folder / "embedding.parquet", run.embedding, EMBEDDING)
    write_table(folder / "nearest.parquet", run.nearest, NEAREST)
    write_json(folder / "run.json", {"format": RECORD_FORMAT} | dict(run.record))
    write_json(folder / "utility.json", run.utility.to_json())


def read_utility(folder: Path) -> UtilityRun:
    """The measurement that `write_utility` wrote.

    Raises
    ------
    InputError
        If there is none in `folder`.
    FormatError
        If a file of it is damaged or of another version.
    """
    if not (folder / "utility.json").exists():
        what = "holds no measurement of utility (no utility.json)"
        raise InputError(Problem(what, where=str(folder), cure="run doppelscan utility"))
    return UtilityRun(
        Utility.from_json(read_json(folder / "utility.json", expected=UTILITY_FORMAT)),
        read_table(folder / "cells.parquet", CELLS),
        read_table(folder / "embedding.parquet", EMBEDDING),
        read_json(folder / "run.json", expected=RECORD_FORMAT),
        read_table(folder / "nearest.parquet", NEAREST),
    )
