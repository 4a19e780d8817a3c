"""The audit's rates as the page writes and draws them: those of the set, those of its controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from doppelscan.estimates import Estimate
from doppelscan.findings import Findings, RatesByTransform
from doppelscan.report.intervals import Interval, ceiling, interval
from doppelscan.report.numbers import between, share

__all__ = ["ControlRow", "Rate", "Rates", "control_rows", "key_rates", "rate_of"]

_UNCHANGED = {"as it is": "nothing (unchanged)"}
"""How the table of controls, headed "changed by", calls images that are as they were."""


@dataclass(frozen=True)
class Rate:
    """One estimate in words and as a bar; `bar` is None where nothing was counted.

    `n_patients` says of how many patients the `n` images are, where these are more than one of each.
    """

    value: str
    between: str
    n: int
    bar: Interval | None
    n_patients: int | None = None


@dataclass(frozen=True)
class Rates:
    """Rates on one axis from 0 to `end`: for each its name, its meaning, and the rate."""

    end: str
    rows: tuple[tuple[str, str, Rate], ...]


@dataclass(frozen=True)
class ControlRow:
    """One kind of control, and what became of it in each arm (None: not in that arm)."""

    name: str
    power: Rate | None
    false_alarms: Rate | None
    same_patient: Rate | None


def key_rates(findings: Findings) -> Rates:
    """What the audit says about the whole set."""
    meanings = {
        "Flagged as copies": (findings.copied, f"of the synthetic images; {_rule(findings)}"),
        "Copies missed": (findings.copies_left, "of the synthetic images; estimated from the planted copies"),
        "Copies by p-values alone": (
            findings.excess_copied,
            "of the synthetic images; counted anew without a verdict on any, no sum of the two above",
        ),
        "Training images copied": (
            findings.memorized,
            "of the training images; each the best match of a flagged image",
        ),
        "Patients exposed": (
            findings.patients_exposed,
            "of the training patients; those of whom there is a copy",
        ),
    }
    end = ceiling(rate for rate, _ in meanings.values())
    return Rates(
        f"{100 * end:g}%",
        tuple((name, meaning, rate_of(rate, end)) for name, (rate, meaning) in meanings.items()),
    )


def control_rows(findings: Findings) -> tuple[ControlRow, ...]:
    """The audit's controls: all together, then by transform, in the order of the audit."""
    arms = (findings.power, findings.false_alarms, findings.same_patient_alarms)
    names = dict.fromkeys(name for arm in arms for name in arm.by_transform)
    overall = ControlRow("all together", *(_overall(arm) for arm in arms))
    return (
        overall,
        *(
            ControlRow(_UNCHANGED.get(name, name), *(_named(arm.by_transform, name) for arm in arms))
            for name in names
        ),
    )


def rate_of(rate: Estimate, end: float) -> Rate:
    """An estimate on an axis from 0 to `end`."""
    return Rate(
        share(rate.value), between(rate) if rate.known else "not measured", rate.n, interval(rate, end)
    )


def _rule(findings: Findings) -> str:
    if findings.calibration == "conformal":
        return f"at a false discovery rate of {100 * findings.fdr:.3g}%"
    return "by a threshold, without a false discovery rate"


def _overall(arm: RatesByTransform) -> Rate | None:
    """The rate of an arm, which has one image of each patient for each change."""
    rate = _known(arm.overall)
    n_patients = max((one.n for one in arm.by_transform.values()), default=0)
    return rate and replace(rate, n_patients=n_patients if 0 < n_patients < rate.n else None)


def _named(rates: Mapping[str, Estimate], name: str) -> Rate | None:
    return _known(rates[name]) if name in rates else None


def _known(rate: Estimate) -> Rate | None:
    return rate_of(rate, 1.0) if rate.known else None
