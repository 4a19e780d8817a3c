"""What a reader must know to read the numbers: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from doppelscan.findings.quality import Measured, TwoSample
from doppelscan.imagesets import ImageSet
from doppelscan.quality.inputs import Sets
from doppelscan.quality.measures import Seen
from doppelscan.quality.settings import QualitySettings

__all__ = ["notes"]

_SIDES_DIFFER = 1e-3
_SURE = 1e-2


def notes(
    sets: Sets,
    seen: Seen,
    learnt: ImageSet | None,
    found: tuple[Measured, ...],
    tests: tuple[TwoSample, ...],
    settings: QualitySettings,
) -> Iterator[str]:
    """The notes that these numbers need, the gravest first."""
    yield from _too_near(found, tests)
    yield from _sides(tests)
    yield from _encoder(learnt, settings)
    yield from _few(seen)
    unknown = int(sets.all_real.table["patient"].isna().sum())
    if unknown:
        yield (
            f"{unknown} real images name no patient; each counts as a patient of its own, and intervals and p-values "
            "may be too small."
        )
    for name, images in sets.named.items():
        if images.unreadable:
            yield f"{len(images.unreadable)} files of the {name} set could not be read; run.json lists them."


def _too_near(found: tuple[Measured, ...], tests: tuple[TwoSample, ...]) -> Iterator[str]:
    fid = next(one for one in found if one.name == "fid")
    if fid.perfect.known and fid.at_size.value < fid.perfect.low:
        yield (
            "The synthetic set is nearer to the real one than real images of other patients are. Copies are, and so "
            "are images that are smoother, or more alike, than real ones. Audit it."
        )
    spaces = [test.space for test in tests if test.p_value < _SURE]
    if spaces:
        yield (
            f"Synthetic images lie nearer to trained patients than to held-out ones (by {' and by '.join(spaces)}): "
            "the generator remembers them. The audit says which images, and whom they show."
        )


def _sides(tests: tuple[TwoSample, ...]) -> Iterator[str]:
    if any(test.p_sides < _SIDES_DIFFER for test in tests):
        yield (
            "Training and held-out patients differ by themselves: another site, scanner or selection. The two-sample "
            "test, C_T and `nearer` tell that as well as what the generator saw."
        )
    if any(test.p_opposite < _SIDES_DIFFER for test in tests):
        yield "Synthetic images lie nearer to held-out patients than chance has it: were the sets exchanged?"


def _encoder(learnt: ImageSet | None, settings: QualitySettings) -> Iterator[str]:
    if settings.encoder == "contrastive":
        yield _of_contrastive(learnt)
    if settings.encoder == "pixels":
        yield "The images were made small before their pixels were compared: sharpness and noise do not show."
    if not settings.is_inception:
        yield (
            "These are vectors of another encoder than Inception's: compare the numbers with others of this encoder "
            "only, and MiFID's threshold, which was set for Inception, with none."
        )


def _of_contrastive(learnt: ImageSet | None) -> str:
    taught = (
        "to overlook blur, noise, contrast, mirroring and small movements: in these numbers they hardly show."
    )
    if learnt is None:
        return (
            "There are too few real patients to keep some for the encoder: it learnt from the very images that are "
            f"measured, and sets these apart. It was taught {taught}"
        )
    n, n_patients = len(learnt), len(np.unique(learnt.patients))
    return (
        f"The encoder learnt from {n:,} real images of {n_patients:,} patients, which are not measured. It was taught "
        f"{taught}"
    )


def _few(seen: Seen) -> Iterator[str]:
    d = seen.real.vectors.shape[1]
    if min(len(seen.real), len(seen.synthetic)) < 2 * d:
        yield (
            f"There are few images for vectors of {d:,} numbers: the Fréchet distance is mostly small-sample bias, and "
            "its limit for many images a rough guess. Look at what it is at this size beside perfect, or at KID."
        )
    if seen.real.n_patients < 2 or len(seen.synthetic) < 2:
        yield "With one real patient, or one synthetic image, there are no intervals."
