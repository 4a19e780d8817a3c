"""What membership inference concludes: the content of `membership.json`, and of the table beside it."""

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

__all__ = [
    "MEMBERSHIP_FILES",
    "MEMBERSHIP_FORMAT",
    "SCORES",
    "WITHOUT_MODEL",
    "Attack",
    "Difference",
    "Membership",
    "Told",
    "read_membership",
    "write_membership",
]

MEMBERSHIP_FORMAT = "doppelscan-membership/1"
MEMBERSHIP_FILES = ("membership.json", "membership.parquet", "roc.svg", "roc.png", "report.html")
WITHOUT_MODEL = "without_model"
"""The name, in the table, of the classifier that sees no model; its rows hold all images of both sets."""

ALPHA = 0.01  # a p-value at or below which the sets differ by construction

# One row per attack and image that it scored.
SCORES = pa.schema(
    [
        ("attack", pa.string()),
        ("image_id", pa.string()),
        ("patient", pa.string()),  # null where unknown
        ("member", pa.bool_()),
        ("score", pa.float64()),  # larger: more likely a member
    ],
    metadata={"format": "doppelscan-membership-scores/1"},
)


@dataclass(frozen=True)
class Told:
    """How well scores tell members from others.

    Attributes
    ----------
    auc
        How likely a member is to score above another; 0.5 is chance.
    found_at_1_percent, found_at_0_1_percent
        Share of the members above the score that 1% (0.1%) of the others are above; unknown with fewer than 100
        (1,000) others.
    """

    auc: Estimate
    found_at_1_percent: Estimate
    found_at_0_1_percent: Estimate


@dataclass(frozen=True)
class Attack:
    """One way to tell members from others.

    Attributes
    ----------
    name
        `distance`, `density`, `encoded_distance`, `encoded_density` and all of these, `samples`; `loss`, `proximal` and
        both, `model`.
    access
        What it needs: `samples` of the model, or the `model` itself.
    by_image, by_patient
        Of images, and of patients by the mean of their images.
    """

    name: str
    access: str
    by_image: Told
    by_patient: Told


@dataclass(frozen=True)
class Difference:
    """Whether training and held-out images differ by construction, so that no model is needed to tell them apart.

    Attributes
    ----------
    auc
        Of a classifier that sees the images alone, each patient judged by what was learnt of others.
    p_value
        How often it does as well where the patients' sides are exchanged at random.
    n_permutations
        Exchanges that this rests on.
    """

    auc: Estimate
    p_value: float
    n_permutations: int

    @property
    def is_there(self) -> bool:
        """Whether the sets differ, at one error in a hundred."""
        return self.p_value <= ALPHA


@dataclass(frozen=True)
class Membership:
    """What a model, or its samples, give away of who was in the training set.

    Attributes
    ----------
    n_train, n_train_patients, n_holdout, n_holdout_patients
        Images and patients of the sets.
    n_members, n_member_patients, n_others, n_other_patients
        Those of them that were attacked: training images, and held-out images outside the reference.
    n_reference_patients
        Held-out patients who are compared with, and not attacked.
    patients_known
        Whether every image names its patient.
    difference
        Whether the sets differ without any model.
    concludes
        Whether the attacks say anything of the model: not where the sets differ, or may differ as much as they find.
    reason
        Why not; empty where they do.
    primary
        The attack that decides, named before any was tried: all that the model, else its samples, allow.
    attacks
        Every attack.
    notes
        What a reader must know to read the numbers, one sentence each.
    made_from
        The sets, the model, the settings and the versions, as plain values.
    """

    n_train: int
    n_train_patients: int
    n_holdout: int
    n_holdout_patients: int
    n_members: int
    n_member_patients: int
    n_others: int
    n_other_patients: int
    n_reference_patients: int
    patients_known: bool
    difference: Difference
    concludes: bool
    reason: str
    primary: str
    attacks: tuple[Attack, ...]
    notes: tuple[str, ...]
    made_from: Mapping[str, Any]

    @property
    def decisive(self) -> Attack:
        """The attack that decides."""
        return next(attack for attack in self.attacks if attack.name == self.primary)

    def to_json(self) -> dict[str, Any]:
        """The content of `membership.json`."""
        return {"format": MEMBERSHIP_FORMAT} | to_plain(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Membership:
        """What `to_json` wrote.

        Raises
        ------
        FormatError
            If a field is absent or not what it should be.
        """
        return from_plain(Membership, data, where="membership.json")


def write_membership(folder: Path, membership: Membership, scores: pd.DataFrame) -> None:
    """Write `membership.parquet`, a row for each attack and image, and `membership.json`, which comes last."""
    cleared(folder, "membership.json")
    write_table(folder / "membership.parquet", scores, SCORES)
    write_json(folder / "membership.json", membership.to_json())


def read_membership(folder: Path) -> tuple[Membership, pd.DataFrame]:
    """The conclusion and the table that `write_membership` wrote.

    Raises
    ------
    FormatError
        If either is absent, damaged, or of another version.
    """
    content = read_json(folder / "membership.json", expected=MEMBERSHIP_FORMAT)
    return Membership.from_json(content), read_table(folder / "membership.parquet", SCORES)
