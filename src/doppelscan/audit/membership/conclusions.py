"""What do the scores say of the model? Every number with its interval, by image and by patient. Sees no image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from doppelscan.audit.membership.attacks import Scored
from doppelscan.audit.membership.roles import Roles, Targets
from doppelscan.findings.membership import WITHOUT_MODEL, Attack, Difference, Membership, Told
from doppelscan.imagesets import ImageSet
from doppelscan.statistics import auc, least_negatives, true_positives_at

__all__ = ["concluded", "reason_not_to", "scores_table", "told"]

_SHARES = {"found_at_1_percent": 0.01, "found_at_0_1_percent": 0.001}
_FEW_PATIENTS = 50


def told(
    score: Float64[np.ndarray, " n"], member: Bool[np.ndarray, " n"], patient: Int64[np.ndarray, " n"]
) -> tuple[Told, Told]:
    """How well the scores tell members apart: of images, and of patients by the mean of their images."""
    numbers, code = np.unique(patient, return_inverse=True)
    mean = np.bincount(code, weights=score) / np.bincount(code)
    side = np.zeros(len(numbers), dtype=bool)
    side[code] = member
    return _told(score, member, code), _told(mean, side, np.arange(len(numbers)))


def concluded(
    roles: Roles,
    difference: Difference,
    scored: Sequence[Scored],
    *,
    notes: Sequence[str],
    made_from: dict[str, Any],
) -> Membership:
    """What membership inference concludes; nothing of the model where the sets explain as much (`reason_not_to`)."""
    targets = roles.targets
    members, others = targets.sides
    attacks = tuple(
        Attack(one.name, one.access, *told(one.score, targets.member, targets.patient)) for one in scored
    )
    reason = reason_not_to(difference, attacks[-1])
    return Membership(
        n_train=len(roles.train),
        n_train_patients=_n_patients(roles.train),
        n_holdout=len(roles.holdout),
        n_holdout_patients=_n_patients(roles.holdout),
        n_members=len(members),
        n_member_patients=_n_patients(members),
        n_others=len(others),
        n_other_patients=_n_patients(others),
        n_reference_patients=_n_patients(roles.reference),
        patients_known=roles.patients_known,
        difference=difference,
        concludes=not reason,
        reason=reason,
        primary=scored[-1].name,
        attacks=attacks,
        notes=(*_notes(roles), *notes),
        made_from=made_from,
    )


def reason_not_to(difference: Difference, decisive: Attack) -> str:
    """Why nothing is concluded of the model, if so: the sets differ, or may differ as much as the attack finds."""
    seen, found = difference.auc, decisive.by_patient.auc
    without = f"AUC {seen.value:.3f}, {seen.low:.3f} to {seen.high:.3f}; p = {difference.p_value:.3g}"
    if difference.is_there:
        return (
            f"Training and held-out images differ by construction: a classifier that sees no model tells them apart "
            f"({without}). Whatever an attack finds may be that difference."
        )
    if 0.5 < found.low <= seen.high:
        return (
            f"What the attack finds (AUC by patient {found.value:.3f}, {found.low:.3f} to {found.high:.3f}) is no more "
            f"than the sets may differ without any model ({without}). More patients would tell."
        )
    return ""


def scores_table(
    everybody: Targets, without_model: Float64[np.ndarray, " m"], targets: Targets, scored: Sequence[Scored]
) -> pd.DataFrame:
    """A row for each attack and image: the classifier without the model, of all images, then the attacks."""
    parts = [(everybody, WITHOUT_MODEL, without_model), *((targets, one.name, one.score) for one in scored)]
    tables = [
        who.table.rename(columns={"id": "image_id"}).assign(attack=name, member=who.member, score=score)
        for who, name, score in parts
    ]
    return pd.concat(tables, ignore_index=True)


def _told(
    score: Float64[np.ndarray, " n"], member: Bool[np.ndarray, " n"], patient: Int64[np.ndarray, " n"]
) -> Told:
    found = {name: true_positives_at(score, member, patient, share) for name, share in _SHARES.items()}
    return Told(auc(score, member, patient), **found)


def _n_patients(images: ImageSet) -> int:
    return len(np.unique(images.patients))


def _notes(roles: Roles) -> Iterator[str]:
    """What the sets leave open, the gravest first."""
    members, others = (_n_patients(images) for images in roles.targets.sides)
    if not roles.patients_known:
        yield "Some images name no patient; each counts as a patient of its own, and intervals may be too narrow."
    if roles.n_twins:
        yield (
            f"{roles.n_twins} held-out patients were left out: the training set has an image with the same pixels."
        )
    if min(members, others) < _FEW_PATIENTS:
        yield (
            f"With {members} training and {others} held-out patients attacked, a small difference between the sets "
            "may go unseen, and so may a weak leak."
        )
    for name, share in (("1%", 0.01), ("0.1%", 0.001)):
        if others < least_negatives(share):
            yield (
                f"Of {name} false positives among patients nothing is said: that takes {least_negatives(share):,} "
                f"held-out patients outside the reference, and there are {others:,}."
            )
