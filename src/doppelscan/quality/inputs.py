"""Whether the sets given can be compared; every reason why not, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doppelscan.encoders.published import located
from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.joining import joined
from doppelscan.imagesets.together import Opener, Source, on_both_sides, open_all, other_shapes
from doppelscan.quality.settings import QualitySettings

__all__ = ["Sets", "load"]


@dataclass(frozen=True, eq=False)
class Sets:
    """The sets of one measurement, prepared and of one shape."""

    real: ImageSet
    synthetic: ImageSet
    holdout: ImageSet | None

    @property
    def named(self) -> Mapping[str, ImageSet]:
        """The sets that there are, by their part."""
        every = {"real": self.real, "synthetic": self.synthetic, "holdout": self.holdout}
        return {name: images for name, images in every.items() if images is not None}

    @property
    def all_real(self) -> ImageSet:
        """Training and held-out images in one set, where there are both."""
        return self.real if self.holdout is None else joined({"real": self.real, "holdout": self.holdout})


def load(
    real: Source, synthetic: Source, holdout: Source | None, *, settings: QualitySettings, opener: Opener
) -> Sets:
    """The sets, opened, prepared and checked.

    Raises
    ------
    InputError
        For everything that is wrong with any of them: cannot be opened, shapes that differ, a patient on
        both sides; a pretrained encoder that is not there or sees no such images.
    """
    sources = {"real": real, "synthetic": synthetic, "holdout": holdout}
    opened = open_all(sources, opener, _absent_encoder(settings))
    sets = Sets(opened["real"], opened["synthetic"], opened.get("holdout"))
    problems = [*other_shapes(sets.named), *_unseen_axes(sets.real, settings)]
    if sets.holdout is not None:
        problems += on_both_sides(sets.real, sets.holdout)
    if problems:
        raise InputError(problems)
    return sets


def _absent_encoder(settings: QualitySettings) -> list[Problem]:
    if settings.pretrained is None:
        return []
    try:
        located(settings.pretrained, "inception" if settings.is_inception else None)
    except InputError as error:
        return list(error.problems)
    return []


def _unseen_axes(images: ImageSet, settings: QualitySettings) -> list[Problem]:
    n_axes = len(images.shape) - 1
    if settings.pretrained is None or n_axes == 2:
        return []
    what = f"images have {n_axes} spatial axes, but pretrained encoders see only flat ones"
    cure = "cut the volumes with `doppelscan prepare --slices`, or leave --encoder out"
    return [Problem(what, where="--encoder", cure=cure)]
