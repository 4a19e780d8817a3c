"""What does `audit.json` of a release say? All that was found, and nothing of any patient.

The models refuse whatever they do not name: no identifier gets in as a field of its own. There is no hash of
`findings.json`, of the training images or of ids: who guesses an id could confirm it by its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from doppelscan.errors import FormatError, Problem

__all__ = [
    "FORMAT",
    "Audited",
    "Leaks",
    "Limited",
    "Membership",
    "Number",
    "Overridden",
    "Quality",
    "Rate",
    "Rates",
    "Readers",
    "Record",
    "ReleasedImage",
    "Selected",
    "Utility",
    "Withheld",
]

FORMAT: Literal["doppelscan-release/1"] = "doppelscan-release/1"

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][\w.+ -]*$")]
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Rate(_Strict):
    """An estimate: `value` is null where nothing could be counted; a limit is null where there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: Count


class Rates(_Strict):
    """A rate over all controls of an arm, and over those of each transform."""

    overall: Rate
    by_transform: dict[Name, Rate]


class Audited(_Strict):
    """What the audit concludes; the fields are those of `findings.json`, but lists of patients are counted."""

    method: str
    calibration: str
    statistic: str
    n_synthetic: Count
    n_train: Count
    n_holdout: Count
    n_patients: Count
    n_null_patients: Count
    patients_known: bool
    shift_controlled: bool
    fdr: float
    p_floor: float
    least_detectable_copies: Count
    n_identity_errors: Count
    n_exposed: Count
    undefined_scores: Count
    copied: Rate
    copied_with_identity_errors: Rate
    copies_left: Rate
    excess_copied: Rate
    memorized: Rate
    patients_exposed: Rate
    power: Rates
    false_alarms: Rates
    same_patient_alarms: Rates
    notes: list[str]
    seed: int
    versions: dict[Name, str]


class Withheld(_Strict):
    """How many images stay, by reason."""

    copied: Count = 0
    readers: Count = 0
    margin: Count = 0
    unjudged: Count = 0
    unaudited: Count = 0


class Selected(_Strict):
    """How many images there were, and what became of them."""

    n_synthetic: Count
    n_released: Count
    withheld: Withheld
    margin: float | None


class Readers(_Strict):
    """People who looked at pairs: how many, at how many released or withheld images, and what they said.

    `known_copies_let_pass` is, of each of them, the share of the known copies shown that was called novel.
    """

    n_readers: Count
    n_images: Count
    verdicts: dict[Name, Count]
    known_copies_let_pass: list[Rate] = []


class Number(_Strict):
    """A number of quality or utility, and what a perfect generator would get, where that is known."""

    name: Name
    value: Rate
    perfect: Rate | None = None


class Quality(_Strict):
    """How real and how diverse the images are."""

    encoder: str
    n_real: Count
    n_synthetic: Count
    numbers: list[Number]


class Utility(_Strict):
    """Whether the images help a classifier."""

    numbers: list[Number]


class Membership(_Strict):
    """Whether it can be told who was in the training set."""

    concludes: bool
    attack: str
    access: str
    auc_by_image: Rate
    auc_by_patient: Rate


class Limited(_Strict):
    """The limits that the gate held the audit against."""

    max_copied: float
    max_exposed: Count
    min_power: float
    review_top: Count


class Overridden(_Strict):
    """A reason against the release that its owner let pass, and why."""

    reason: str
    what: str
    why: str


class Leaks(_Strict):
    """What the leak test looked for, and in how much: it found nothing."""

    n_images: Count
    n_identifiers: Count
    n_hashes: Count
    n_files: Count


class ReleasedImage(_Strict):
    """One image: where it is, and the SHA-256 of its pixels."""

    file: str
    pixels: Hash


class Record(_Strict):
    """The content of `audit.json`."""

    format: Literal["doppelscan-release/1"]
    title: str
    creators: list[str]
    published: Date
    licence: str | None
    training_licence: str | None
    generator: str | None
    made_by: str
    form: Literal["png", "png16", "nifti", "npz"]
    shape: list[Count]
    dtype: Name
    preparation: dict[Name, Any]
    labels: dict[str, Count]
    groups: list[Name]
    limits: Limited
    audit: Audited
    selection: Selected
    readers: Readers | None
    quality: Quality | None
    utility: Utility | None
    membership: Membership | None
    burnt_in_text: list[str]
    overridden: list[Overridden]
    leak_test: Leaks | None
    fingerprint: Hash
    images: list[ReleasedImage]

    def to_json(self) -> dict[str, Any]:
        """The content of `audit.json`."""
        return self.model_dump(mode="json")

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Record:
        """What `to_json` wrote.

        Raises
        ------
        FormatError
            Every field that is absent, unknown, or not what it should be.
        """
        try:
            return Record.model_validate(dict(data))
        except pydantic.ValidationError as error:
            raise FormatError([_problem(one) for one in error.errors()]) from error


def _problem(error: Any) -> Problem:
    place = ".".join(map(str, error["loc"]))
    return Problem(f"{place}: {error['msg'].lower()}", where="audit.json")
