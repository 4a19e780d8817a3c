"""What a reader must know to read the numbers of one audit: one sentence each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from doppelscan.audit.evidence import Evidence
from doppelscan.audit.null import NullArm
from doppelscan.audit.settings import LEAST_TO_LEARN, AuditSettings
from doppelscan.audit.verdicts import Verdicts
from doppelscan.findings.derived import DerivedFindings
from doppelscan.imagesets import ImageSet
from doppelscan.statistics import PatientNull
from doppelscan.statistics.rarity import rarity

__all__ = ["derived_notes", "few_planted", "notes", "small_images"]

_FEW_PATIENTS = 100
_ARMS_DIFFER = 1e-3  # two-sided p-value of a rank test between the two arms of the null
_LEAST_SIDE = 48  # pixels; below, by docs/howto/choose-a-method.md, strangers agree as far as copies do
_SAME_SHAPE = 0.02  # by how much proportions may differ
_SMALL, _RARE = 0.2, 1e-3  # a p-value; the chance of so few of them below which a note says so


def notes(
    evidence: Evidence, null: PatientNull, verdicts: Verdicts, settings: AuditSettings
) -> Iterator[str]:
    """The notes that this audit needs, the gravest first."""
    sets = evidence.sets
    if sets.holdout is None:
        yield (
            "There was no holdout: images without detail match everything, and this audit cannot tell them "
            "from copies. Hold patients out before training to control for it."
        )
    yield from _unknown_patients(evidence)
    if "aligned" in evidence.kinds and settings.preset is not None and not evidence.learnt:
        yield (
            f"Fewer than {LEAST_TO_LEARN} patients are held out, too few to train an encoder. Pixels from afar, "
            "flipped and turned by quarters, alone named the images that were aligned: copies moved further may be "
            "missed."
        )
    if null.n_patients < _FEW_PATIENTS:
        yield f"The null rests on {null.n_patients} patients only: rare copies need more to be told from chance."
    yield from few_planted(evidence, settings)
    yield from small_images(sets.train, settings)
    if settings.calibration != "conformal":
        yield (
            "The verdict rests on a threshold on the score, not on p-values: it flags a share of novel images "
            "that is not subtracted, and the false discovery rate is not controlled."
        )
    if _arms_differ(evidence):
        yield (
            "Held-out images and training images differ in how they match strangers: another site, scanner or "
            "selection, or several images of one person whose patient is unknown. The margin is then off."
        )
    if settings.calibration == "conformal":
        yield from _too_large_p_values(evidence, null, verdicts, settings.fdr)
    constant = int(np.isnan(evidence.clean.synthetic.score).sum())
    if constant:
        yield f"{constant} synthetic images are constant: their correlation is undefined; none is flagged."
    yield from _stretched(evidence.sets.named)
    yield from (_not_read(name, images) for name, images in sets.named.items() if images.unreadable)


def derived_notes(derived: DerivedFindings | None) -> Iterator[str]:
    """What must be said of images that were made from real ones."""
    if derived is None:
        return
    if derived.n or derived.n_null:
        yield (
            f"{derived.n + derived.n_null} synthetic images were made from real ones, which they resemble by design: "
            "each was matched with all patients but its source's, and with that too where its pixels are the same. "
            "Whether its new part repeats what was hidden of the "
            "source is told apart, by pixels at their place; power and planted copies are about copies of others."
        )
    if derived.n:
        yield (
            f"Of the {derived.n} made from training images {derived.from_others.percent()} copy another patient, and "
            f"the new part of {derived.from_source.percent()} repeats its source ({derived.from_source.n} judged, "
            f"against {derived.n_null} made from held-out images of {derived.n_null_patients} patients)."
        )
    if derived.n and not derived.from_source.known:
        yield (
            "No images were made from held-out ones by the same strategies, so nothing can be said about copying from "
            "the source: make some, and audit them together."
        )
    if derived.n_lost:
        yield (
            f"{derived.n_lost} images name a source that is in neither set: they may be flagged as copies of it, if "
            "it is there under another id."
        )


def few_planted(evidence: Evidence, settings: AuditSettings) -> Iterator[str]:
    """The note that an audit of quick effort needs where more patients would be planted with the standard one."""
    (planted,) = (arm for arm in evidence.controls if arm.name == "copy")
    n, there = len(np.unique(planted.patient)), len(np.unique(evidence.sets.train.patients))
    more = min(replace(settings, effort="standard").n_planted, there)
    if settings.effort == "quick" and n < more:
        yield (
            f"The power rests on {len(planted.source)} planted copies of {n} patients, and on the power what may have "
            f"been missed: --effort standard plants copies of {more} patients and narrows both."
        )


def small_images(train: ImageSet, settings: AuditSettings) -> Iterator[str]:
    """The note that flat images need which are too small for the method to tell rare copies from likenesses."""
    side = min(train.shape[1:])
    if settings.method == "registered" and len(train.shape) == 3 and side < _LEAST_SIDE:
        yield (
            f"The images are of {side} pixels: below {_LEAST_SIDE} registered misses rare copies, noisy ones "
            "too, for strangers agree by chance as far as these. Audit larger images, or by --method pearson as well."
        )


def _unknown_patients(evidence: Evidence) -> Iterator[str]:
    real = {"training": evidence.sets.train, "held-out": evidence.sets.holdout}
    counts = [
        f"{int(images.table['patient'].isna().sum())} of {len(images)} {kind} images"
        for kind, images in real.items()
        if images is not None and not images.patients_known
    ]
    if counts:
        yield (
            f"{' and '.join(counts)} name no patient, so each counts as a patient of its own: other images of "
            "the same person may stand in the null, copies then look less unusual than they are, and the audit "
            "finds fewer of them; exposed patients are counted as images."
        )


def _too_large_p_values(
    evidence: Evidence, null: PatientNull, verdicts: Verdicts, fdr: float
) -> Iterator[str]:
    """Whether images that are not flagged have half as many small p-values as unseen real ones, or fewer.

    Among the flagged at most a share `fdr` is expected to copy nobody; these are counted, with their small p-values.
    """
    left = ~verdicts.copied & (verdicts.kind != "undefined")
    false = math.ceil(fdr * int(verdicts.copied.sum()))
    n, n_small = int(left.sum()), int((verdicts.p[left] <= _SMALL).sum())
    found = rarity(n_small + false, n + false, level=_SMALL, n_null=null.n_patients)
    if found.chance < _RARE and n_small + false <= found.expected / 2:
        drawn = np.nanmedian(evidence.clean.synthetic.score[left])
        real = np.nanmedian(np.concatenate([arm.matched.score for arm in evidence.clean.null.arms]))
        yield (
            f"Of the {n} synthetic images that are not flagged {n_small} have a p-value of at most {_SMALL:g}, where "
            f"about {found.expected - false:.0f} of as many unseen real images would (median best score {drawn:.3g}, "
            f"in the null {real:.3g}). They do not match the training set as unseen real images do, perhaps for their "
            "texture: p-values are too large, and copies may be missed. The power does not show it, for planted copies "
            "are changed real images."
        )


def _stretched(sets: Mapping[str, ImageSet]) -> Iterator[str]:
    """Whether resizing changed the proportions of some images otherwise than those of most."""
    every: Counter[tuple[float, ...]] = Counter()
    for images in sets.values():
        every.update(images.stretched)
    usual = max(every, key=lambda factors: every[factors], default=())
    odd = {
        name: sum(
            n for factors, n in images.stretched.items() if not np.allclose(factors, usual, _SAME_SHAPE)
        )
        for name, images in sets.items()
    }
    if told := ", ".join(f"{name} {n}" for name, n in odd.items() if n):
        yield (
            f"Resizing changed the proportions of {sum(odd.values())} images otherwise than those of most ({told}): a "
            "copy of one of them may be missed. doppelscan prepare --fit pad keeps proportions."
        )


def _not_read(name: str, images: ImageSet) -> str:
    return f"{len(images.unreadable)} files of the {name} set could not be read: not audited, but listed in the report."


def _arms_differ(evidence: Evidence) -> bool:
    """Whether held-out patients and trained ones, as strangers to the training set, differ in the statistic."""
    arms = {arm.name: _by_patient(arm) for arm in evidence.clean.null.arms}
    if len(arms) < 2 or min(map(len, arms.values())) < 8:
        return False
    from scipy import stats  # half a second, needed by audits with two arms only

    return bool(stats.mannwhitneyu(arms["calibration"], arms["leave_patient_out"]).pvalue < _ARMS_DIFFER)


def _by_patient(arm: NullArm) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The mean statistic of each patient."""
    code = np.unique(arm.patient, return_inverse=True)[1]
    statistic = np.nan_to_num(arm.matched.statistic)
    return np.bincount(code, weights=statistic) / np.bincount(code)
