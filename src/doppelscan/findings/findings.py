"""What an audit concludes about a whole synthetic set: the content of `findings.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doppelscan.errors import FormatError, Problem
from doppelscan.estimates import Estimate
from doppelscan.findings.derived import DerivedFindings
from doppelscan.findings.plain import from_plain, to_plain
from doppelscan.findings.showing import shown

__all__ = ["FORMAT", "Findings", "IdentityError", "RatesByTransform"]

FORMAT = "doppelscan-findings/1"


@dataclass(frozen=True)
class RatesByTransform:
    """A rate over all controls of an arm, and over those of each transform."""

    overall: Estimate
    by_transform: Mapping[str, Estimate]


@dataclass(frozen=True)
class IdentityError:
    """Two near-identical real images that are said to show different patients.

    One such pair in the null makes every copy look normal, so both are left out of it.
    """

    image_id: str
    patient: str
    other_id: str
    other_patient: str
    arm: str
    score: float
    statistic: float
    reason: str


@dataclass(frozen=True)
class Findings:
    """What one audit concludes. Every rate is an Estimate with its 95% interval.

    Attributes
    ----------
    method
        How pairs are scored: `registered`, by all kinds of evidence; `pearson`, by their pixels; `contrastive`, by
        the vectors of an encoder.
    calibration
        What decides: `conformal` (p-values, false discovery rate), `dar` (paper B's 95th percentile)
        or `fixed` (a threshold given by the user).
    statistic
        What the verdict rests on: `margin` (Fisher's z of the best training score less that of the best
        held-out score), `z` (of the best training score alone, where there is no holdout), `furthest` (with
        `registered`: how far the furthest of all kinds of evidence is beyond the ordinary, 1 being what one stranger
        in twenty exceeds in that kind) or `score`.
    n_synthetic, n_train, n_holdout
        Images in each set.
    n_patients
        Patients in the training set; an image of unknown patient counts as one of its own.
    n_null_patients
        Patients whose images made the null.
    patients_known
        Whether every image of the training and held-out sets names its patient.
    shift_controlled
        Whether a holdout tells a copy from an image that merely looks like everything.
    fdr
        The false discovery rate asked for.
    threshold
        The smallest statistic flagged; None if nothing is.
    p_floor
        The smallest p-value that ranks among the null can give: 1 / (1 + n_null_patients).
    least_detectable_copies
        How many equally evident copies there must be for the false discovery rate to let them through.
    identity_errors
        Real images of "different" patients that are near-identical; left out of the null.
    copied
        Share of the synthetic images that is flagged.
    copied_with_identity_errors
        The same where the null keeps its identity errors.
    copies_left
        Share of the synthetic images that are copies and were not flagged, from `power`.
    excess_copied
        Share of copies estimated without a threshold.
    memorized
        Share of the training images that a flagged image copies.
    patients_exposed
        Share of the training patients of whom there is a copy, at the same false discovery rate.
    exposed
        Those patients, most certain first.
    power
        Share of planted copies that would be flagged if added alone.
    false_alarms
        Share of transformed held-out images that would be.
    same_patient_alarms
        Share of other images of training patients that would be: neither copies nor false alarms.
    undefined_scores
        Synthetic images whose correlation with anything is undefined (constant images).
    notes
        What a reader must know to read the numbers, one sentence each.
    derived
        Of images that were made from real ones: copying from the source and from others; None where there is none.
        The rates above leave each one's own source's patient out.
    """

    method: str
    calibration: str
    statistic: str
    n_synthetic: int
    n_train: int
    n_holdout: int
    n_patients: int
    n_null_patients: int
    patients_known: bool
    shift_controlled: bool
    fdr: float
    threshold: float | None
    p_floor: float
    least_detectable_copies: int
    identity_errors: tuple[IdentityError, ...]
    copied: Estimate
    copied_with_identity_errors: Estimate
    copies_left: Estimate
    excess_copied: Estimate
    memorized: Estimate
    patients_exposed: Estimate
    exposed: tuple[str, ...]
    power: RatesByTransform
    false_alarms: RatesByTransform
    same_patient_alarms: RatesByTransform
    undefined_scores: int = 0
    notes: tuple[str, ...] = ()
    derived: DerivedFindings | None = None
    format: str = FORMAT

    def _repr_html_(self) -> str:
        """The verdict with its key numbers, as a notebook shows it."""
        return shown(self)

    def to_json(self) -> dict[str, Any]:
        """The content of `findings.json`."""
        return {"format": FORMAT} | to_plain(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Findings:
        """The findings that `to_json` wrote.

        Raises
        ------
        FormatError
            If they are of another format or version, or a field is absent or not what it should be.
        """
        if data.get("format") != FORMAT:
            raise FormatError(Problem(f"is {data.get('format')!r}, not {FORMAT!r}", where="findings.json"))
        return from_plain(Findings, data, where="findings.json")
