"""What is measured in each cell of a study? Estimates by name, from the audits of its samples and its curves."""

from __future__ import annotations

import json
from pathlib import Path

from doppelscan.estimates import Estimate
from doppelscan.findings import Run
from doppelscan.findings.quality import Quality
from doppelscan.statistics import binomial

__all__ = ["OUTCOMES", "measured"]

OUTCOMES = {
    "copied": "share of samples that copy a training image",
    "excess_copied": "share of samples that are copies, estimated without a threshold",
    "memorized": "share of training images with a copy",
    "patients_exposed": "share of training patients that a copy gives away",
    "power": "share of planted copies that the audit finds",
    "copied_by_dar": "share of copies by the threshold of Dar et al.",
    "memorized_by_dar": "share of training images memorized by the threshold of Dar et al.",
    "correlated": "share of samples that correlate above 0.95 with a training image",
    "frechet": "Frechet distance to the training images, of pixels made small",
    "precision": "share of samples that lie among the training images",
    "coverage": "share of training images with a sample near by",
    "gap": "loss on held-out less loss on training images, at the end",
}
"""The outcomes that a contrast may be about, and what they are."""

_CORRELATED = 0.95


def measured(audit: Run, dar: Run, quality: Quality, model: Path) -> dict[str, Estimate]:
    """The outcomes of one cell: of its audit, of one by Pearson and paper B's threshold, its quality, its curves."""
    ours, theirs = audit.findings, dar.findings
    best = dar.matches.loc[dar.matches["rank"] == 1, "score"]
    return {
        "copied": ours.copied,
        "excess_copied": ours.excess_copied,
        "memorized": ours.memorized,
        "patients_exposed": ours.patients_exposed,
        "power": ours.power.overall,
        "copied_by_dar": theirs.copied,
        "memorized_by_dar": theirs.memorized,
        "correlated": binomial(int((best > _CORRELATED).sum()), len(best)),
        "frechet": quality["fid"].value,
        "precision": quality["precision"].value,
        "coverage": quality["coverage"].value,
        "gap": _gap(model / "metrics.jsonl"),
    }


def _gap(curves: Path) -> Estimate:
    """The last gap that the training logged; its interval is not known, so it is the value itself."""
    lines = [json.loads(line) for line in curves.read_text().splitlines()] if curves.exists() else []
    gaps = [float(line["gap"]) for line in lines if "gap" in line]
    return Estimate(gaps[-1], gaps[-1], gaps[-1], 1) if gaps else Estimate.unknown()
