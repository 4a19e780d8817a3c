"""Whether the sets given can be compared; every reason why not, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doppelscan.encoders.published import absent, unseen_axes
from doppelscan.errors import InputError
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
    missing = absent(settings.pretrained, "inception" if settings.is_inception else None)
    opened = open_all(sources, opener, missing)
    sets = Sets(opened["real"], opened["synthetic"], opened.get("holdout"))
    problems = [*other_shapes(sets.named), *unseen_axes(settings.pretrained, sets.real.shape)]
    if sets.holdout is not None:
        problems += on_both_sides(sets.real, sets.holdout)
    if problems:
        raise InputError(problems)
    return sets
