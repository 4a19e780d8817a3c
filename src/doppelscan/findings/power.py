"""What a measurement of power concludes: the content of `power.json`, and of the table beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from doppelscan.estimates import Estimate
from doppelscan.findings.folders import cleared
from doppelscan.findings.plain import from_plain, to_plain
from doppelscan.store import read_json, read_table, write_json, write_table

__all__ = ["ALL", "PLANTED", "POWER_FILES", "POWER_FORMAT", "Detection", "Power", "read_power", "write_power"]

POWER_FORMAT = "doppelscan-power/1"
POWER_FILES = ("power.json", "power.parquet", "power.svg", "power.png")
ALL = "all"

# One row per method and planted image.
PLANTED = pa.schema(
    [
        ("method", pa.string()),
        ("list", pa.string()),  # standard, hard, parts
        ("transform", pa.string()),
        ("fraction", pa.float64()),  # of the listed strength; null where there are no degrees
        ("strength", pa.float64()),
        ("arm", pa.string()),  # copy, novel
        ("source_id", pa.string()),
        ("patient", pa.string()),  # null where unknown
        ("best_id", pa.string()),
        ("score", pa.float64()),
        ("statistic", pa.float64()),
        ("named", pa.bool_()),  # whether the best match is the source, or has the very same pixels
        (
            "overlap",
            pa.float64(),
        ),  # of the outlined part with the copied one (IoU); null but for partial copies
    ],
    metadata={"format": "doppelscan-planted/1"},
)


@dataclass(frozen=True)
class Detection:
    """How well one method finds one change at one strength.

    Attributes
    ----------
    method, list, transform, unit
        What is told; `transform` is `all` for all of the list that are planted, each at this fraction.
    fraction, strength
        The strength as a fraction of the listed one, and in the transform's unit; None where there is none.
    n_copies, n_novel
        Planted copies, and novel images changed alike.
    sensitivity_at_1_percent, sensitivity_at_5_percent
        Share of the copies above the statistic that 1% (5%) of the novel images are above, of all changes of
        the list together, each patient counting once.
    false_alarms_at_1_percent
        Share of the novel images with this change that are above it.
    auc
        How likely a copy is to have a larger statistic than a novel image with this change.
    named
        Share of the copies whose best match is their source, or has the very same pixels.
    precision
        The same share of those found at 1%.
    outlined
        Share of the partial copies that are found at 1%, named, and whose part is outlined: the outline and the
        part have more than half in common of what either covers (IoU). Unknown where whole images are copied.
    """

    method: str
    list: str
    transform: str
    unit: str
    fraction: float | None
    strength: float | None
    n_copies: int
    n_novel: int
    sensitivity_at_1_percent: Estimate
    sensitivity_at_5_percent: Estimate
    false_alarms_at_1_percent: Estimate
    auc: Estimate
    named: Estimate
    precision: Estimate
    outlined: Estimate


@dataclass(frozen=True)
class Power:
    """What methods find of copies that were planted.

    Attributes
    ----------
    n_train, n_train_patients, n_holdout, n_holdout_patients
        Images and patients on either side.
    split_off
        Whether the held-out patients were split off the training set, for want of a holdout.
    patients_known
        Whether every image names its patient.
    n_planted, n_unseen
        Patients whose images became copies, and novel images.
    detections
        Every change at every strength, by method.
    notes
        What a reader must know to read the numbers, one sentence each.
    made_from
        The sets, the settings and the versions, as plain values.
    """

    n_train: int
    n_train_patients: int
    n_holdout: int
    n_holdout_patients: int
    split_off: bool
    patients_known: bool
    n_planted: int
    n_unseen: int
    detections: tuple[Detection, ...]
    notes: tuple[str, ...]
    made_from: Mapping[str, Any]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods, in order."""
        return tuple(dict.fromkeys(one.method for one in self.detections))

    def to_json(self) -> dict[str, Any]:
        """The content of `power.json`."""
        return {"format": POWER_FORMAT} | to_plain(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Power:
        """The power that `to_json` wrote.

        Raises
        ------
        FormatError
            If a field is absent or not what it should be.
        """
        return from_plain(Power, data, where="power.json")


def write_power(folder: Path, power: Power, planted: pd.DataFrame) -> None:
    """Write `power.parquet`, a row for each method and planted image, and `power.json`, which comes last."""
    cleared(folder, "power.json")
    write_table(folder / "power.parquet", planted, PLANTED)
    write_json(folder / "power.json", power.to_json())


def read_power(folder: Path) -> tuple[Power, pd.DataFrame]:
    """The power and the table that `write_power` wrote.

    Raises
    ------
    FormatError
        If either is absent, damaged, or of another version.
    """
    power = Power.from_json(read_json(folder / "power.json", expected=POWER_FORMAT))
    return power, read_table(folder / "power.parquet", PLANTED)
