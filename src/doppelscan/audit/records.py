"""An audit as the files of a run: tables of single images, and the record of how it was made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from doppelscan.audit.conclusions import Conclusion, JudgedControls, statistic_of
from doppelscan.audit.evidence import Evidence
from doppelscan.audit.null import NullArm
from doppelscan.audit.settings import AuditSettings
from doppelscan.audit.verdicts import Rule
from doppelscan.encoders.published import located, place_fingerprint
from doppelscan.findings import CONTROLS, MATCHES, NULLS, Run, alignments_of
from doppelscan.findings.derived import DERIVED
from doppelscan.findings.provenance import described, pixels_fingerprint, versions
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers.clock import Clock

__all__ = ["as_run", "described", "versions"]


def as_run(
    conclusion: Conclusion, evidence: Evidence, settings: AuditSettings, resources: Resources, clock: Clock
) -> Run:
    """The run that `findings.write_run` writes; where the method aligns, pairs are aligned for the report."""
    matches, alignments = _matches(conclusion, evidence), alignments_of(())
    if settings.method == "registered":
        from doppelscan.audit.picturing import pictured  # with all that aligns

        with clock.stage("picturing"):
            alignments = pictured(matches, evidence.sets, resources, clock.tell)
    return Run(
        findings=conclusion.findings,
        matches=_with_alignments(matches, alignments),
        nulls=_table(
            NULLS.names,
            [_null(arm, evidence.sets.train, conclusion.rule) for arm in evidence.whole.null.arms],
        ),
        controls=_table(CONTROLS.names, [_controls(one, evidence) for one in conclusion.controls.values()]),
        record=_record(evidence, settings, clock),
        log=tuple(clock.log),
        alignments=alignments,
        derived=conclusion.derived[DERIVED.names],
    )


def _matches(conclusion: Conclusion, evidence: Evidence) -> pd.DataFrame:
    verdicts, matched = conclusion.verdicts, evidence.clean.synthetic
    k = matched.indices.shape[1]
    row = np.repeat(np.arange(len(matched.indices)), k)
    best = _rows(evidence.sets.train, matched.indices.ravel())
    table = pd.DataFrame(
        {
            "synthetic_id": evidence.sets.synthetic.table["id"].to_numpy()[row],
            "rank": np.tile(np.arange(1, k + 1), len(matched.indices)),
            "train_id": best["id"],
            "patient": best["patient"],
            "score": matched.scores.ravel(),
            "statistic": verdicts.statistic[row],
            "p_value": verdicts.p[row],
            "p_kind": verdicts.kind[row],
            "q_value": verdicts.q[row],
            "copied": verdicts.copied[row],
            "aligned_by": "",
        }
    )
    found = (matched.indices.ravel() >= 0) | (table["rank"].to_numpy() == 1)
    kept: pd.DataFrame = table.loc[found, MATCHES.names].reset_index(drop=True)
    return kept


def _with_alignments(matches: pd.DataFrame, alignments: pd.DataFrame) -> pd.DataFrame:
    """The matches, each that was aligned with how."""
    how = dict(zip(alignments["synthetic_id"], alignments["aligned_by"], strict=True))
    best = zip(matches["synthetic_id"], matches["rank"], strict=True)
    return matches.assign(aligned_by=[how.get(name, "") if rank == 1 else "" for name, rank in best])


def _null(arm: NullArm, train: ImageSet, rule: Rule) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": arm.images.table["id"].to_numpy(),
            "patient": arm.images.table["patient"].to_numpy(),
            "arm": arm.name,
            "best_id": _rows(train, arm.matched.best)["id"],
            "score": arm.matched.score,
            "statistic": statistic_of(arm.matched, rule),
        }
    )


def _controls(judged: JudgedControls, evidence: Evidence) -> pd.DataFrame:
    arm = judged.arm
    source = arm.images.table["id"].to_numpy()[arm.source]
    strength = [0.0 if transform is None else transform.strength for transform in arm.transform]
    return pd.DataFrame(
        {
            "image_id": [
                f"{name}@{transform}" for name, transform in zip(source, arm.transform_names, strict=True)
            ],
            "source_id": source,
            "transform": arm.transform_names,
            "strength": strength,
            "arm": arm.name,
            "score": arm.matched.score,
            "statistic": judged.statistic,
            "p_value": judged.p,
            "copied": judged.copied,
            "named": arm.named,
        }
    )


def _table(columns: list[str], parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _rows(train: ImageSet, positions: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> dict[str, Any]:
    """The ids and patients at these positions; None where there is no image (-1)."""
    there = positions >= 0
    rows = train.table[["id", "patient"]].iloc[positions].reset_index(drop=True)
    return {str(name): rows[name].where(there, None) for name in rows}


def _record(evidence: Evidence, settings: AuditSettings, clock: Clock) -> dict[str, Any]:
    sets = {name: described(images) for name, images in evidence.sets.named.items()}
    sets["synthetic"]["pixels"] = pixels_fingerprint(
        evidence.sets.synthetic
    )  # what a release is held against
    return {
        "sets": sets,
        "settings": settings.to_json(),
        "pretrained": settings.pretrained and place_fingerprint(located(settings.pretrained)),
        "seed": settings.seed,
        "versions": versions(),
        "started": clock.started.isoformat(timespec="seconds"),
        "seconds": clock.seconds,
    }
