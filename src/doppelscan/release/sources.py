"""Which images were audited, and are these still the same? The sets of a run, opened as the audit opened them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doppelscan.errors import DoppelscanError, InputError, Problem
from doppelscan.findings import Run
from doppelscan.findings.provenance import pixels_fingerprint
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source
from doppelscan.release.gate import Reason
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Sources", "changed_pixels", "of_other_images", "open_sources"]

_NOT_SYNTHETIC = {"real", "test", "train", "holdout"}


@dataclass(frozen=True, eq=False)
class Sources:
    """The audited sets.

    Attributes
    ----------
    synthetic
        The synthetic images, as the audit saw them.
    train, holdout
        The real ones; None where they cannot be opened, or there is no holdout.
    reasons
        What of them is another set than the audited one, or cannot be shown to be it.
    unreadable
        Files of any of them that could not be read.
    """

    synthetic: ImageSet
    train: ImageSet | None
    holdout: ImageSet | None
    reasons: tuple[Reason, ...]
    unreadable: tuple[str, ...]


def open_sources(
    run: Run,
    moved: Mapping[str, Source | None],
    *,
    patient_pattern: str | None,
    resources: Resources,
    progress: Progress,
) -> Sources:
    """The sets of a run, where its record says they are, or where they have `moved` to.

    Raises
    ------
    InputError
        If the synthetic images cannot be opened.
    """
    preparation = Preparation.from_json(run.record.get("settings", {}).get("preparation") or {})
    opener = Opener(preparation, patient_pattern, resources, progress)
    sets: dict[str, ImageSet | None] = {}
    reasons: list[Reason] = []
    for part in ("train", "synthetic", "holdout"):
        about = run.record.get("sets", {}).get(part)
        if about is not None or part != "holdout":
            sets[part], found = _opened(part, moved.get(part), about or {}, opener)
            reasons += found
    synthetic = sets["synthetic"]
    if synthetic is None:
        raise InputError(
            [Problem(one, where="--synthetic") for reason in reasons for one in reason.details]
            or [Problem("there are no synthetic images", where="--synthetic")]
        )
    unreadable = tuple(
        f"{where}: {why}"
        for about in run.record.get("sets", {}).values()
        for where, why in about.get("unreadable", ())
    )
    return Sources(synthetic, sets["train"], sets.get("holdout"), tuple(reasons), unreadable)


def changed_pixels(run: Run, synthetic: ImageSet) -> Iterator[Reason]:
    """Whether the synthetic images hold other values now than when they were audited; earlier records do not say."""
    known = run.record.get("sets", {}).get("synthetic", {}).get("pixels")
    if known is not None and pixels_fingerprint(synthetic) != known:
        yield Reason(
            "stale_audit", "pixels of the synthetic images were changed after the audit", "audit again"
        )


def of_other_images(run: Run, saw: Mapping[str, Mapping[str, Any]]) -> Iterator[Reason]:
    """Which measurements are of other images than the audited ones, by the name of each and the sets that it saw.

    One that saw no synthetic images is about the model, or about generators trained anew.
    """
    audited = run.record.get("sets", {}).get("synthetic", {}).get("content")
    for name, sets in saw.items():
        drawn = [about.get("content") for part, about in sets.items() if part not in _NOT_SYNTHETIC]
        if drawn and (audited is None or audited not in drawn):
            what = f"{name} was measured of other images than those that were audited"
            yield Reason("other_images", what, f"give the folder that says it of these, or no --{name}")


def _opened(
    part: str, moved: Source | None, about: Mapping[str, Any], opener: Opener
) -> tuple[ImageSet | None, list[Reason]]:
    source = moved or about.get("path")
    if not source:
        what = f"the record of the audit does not say where the {part} images are"
        return None, [Reason("stale_audit", what, f"give --{part}", (what,))]
    try:
        images = opener(source, real=part != "synthetic")
    except (DoppelscanError, OSError) as error:
        what = f"the {part} images cannot be opened"
        return None, [Reason("stale_audit", what, f"give --{part} if they have moved", (str(error),))]
    if images.fingerprint == about.get("fingerprint"):
        return images, []
    what = f"the {part} images, or their table, are not those that were audited"
    cure = "audit again" + (", or give the audit's --patient-pattern" if part != "synthetic" else "")
    return images, [Reason("stale_audit", what, cure)]
