"""Can several sets be looked at together? Opened and prepared alike, and every reason why not, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.imagesets.opening import open_images
from doppelscan.imagesets.saving import cached
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Opener", "Source", "on_both_sides", "open_all", "other_shapes"]

Source = ImageSet | str | Path


class _How(TypedDict):
    resources: Resources
    progress: Progress


@dataclass(frozen=True)
class Opener:
    """How every set is opened and prepared."""

    preparation: Preparation
    patient_pattern: str | None
    resources: Resources
    progress: Progress

    def __call__(self, source: Source, *, real: bool) -> ImageSet:
        """The set, its pixels in the cache; the pattern finds patients in the ids of real images only."""
        how: _How = {"resources": self.resources, "progress": self.progress}
        if not isinstance(source, ImageSet):
            source = open_images(source, patient_pattern=self.patient_pattern if real else None, **how)
        return cached(source, preparation=self.preparation, **how)


def open_all(
    sources: Mapping[str, Source | None], opener: Opener, wrong: Sequence[Problem] = ()
) -> dict[str, ImageSet]:
    """The sets that are given, by their part; those but `synthetic` are real. `wrong` is what else is.

    Raises
    ------
    InputError
        For everything that is wrong with any of them.
    """
    opened: dict[str, ImageSet] = {}
    problems = list(wrong)
    for name, source in sources.items():
        try:
            if source is not None:
                opened[name] = opener(source, real=name != "synthetic")
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return opened


def other_shapes(named: Mapping[str, ImageSet]) -> list[Problem]:
    """What is wrong where the images of one set have another shape than those of another."""
    shapes = {name: images.shape for name, images in named.items()}
    if len(set(shapes.values())) == 1:
        return []
    listed = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
    channels = len({shape[0] for shape in shapes.values()}) > 1
    cure = "prepare them alike with `doppelscan prepare`, or give --size 128" + (
        " --channels grey" * channels
    )
    return [Problem(f"the sets' images differ in shape: {listed}", cure=cure, page="howto/prepare.md")]


def on_both_sides(train: ImageSet, holdout: ImageSet) -> list[Problem]:
    """What is wrong where a patient is trained on and held out."""
    known = [set(images.table["patient"].dropna()) for images in (train, holdout)]
    both = sorted(known[0] & known[1])
    if not both:
        return []
    listed = ", ".join(both[:5]) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
    cure = "split by patient, for example with `doppelscan prepare --holdout 0.2`"
    what = f"patients both trained on and held out: {listed}"
    return [Problem(what, where=holdout.name, cure=cure, page="howto/audit-your-folder.md#a-holdout")]
