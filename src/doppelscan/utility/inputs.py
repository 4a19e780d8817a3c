"""Can these sets be used together? Every reason why not, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source, on_both_sides, open_all, other_shapes

__all__ = ["Sets", "load"]


@dataclass(frozen=True, eq=False)
class Sets:
    """The sets of one measurement, prepared and of one shape; `given` are synthetic ones by name."""

    real: ImageSet
    test: ImageSet
    given: Mapping[str, ImageSet]

    @property
    def named(self) -> dict[str, ImageSet]:
        """All sets by their part."""
        return {"real": self.real, "test": self.test, **self.given}

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels of the real images, in alphabetical order."""
        return tuple(sorted(self.real.table["label"].unique()))


def load(
    real: Source, test: Source, given: Mapping[str, Source], groups: tuple[str, ...], opener: Opener
) -> Sets:
    """The sets, opened, prepared and checked.

    Raises
    ------
    InputError
        For everything that is wrong with any of them: cannot be opened, shapes that differ, a patient both learnt
        from and tested on, images without a label, fewer than two classes, tested labels that are not among the
        real ones, a column of groups that the test set lacks.
    """
    opened = open_all({"real": real, "test": test}, opener)
    for name, source in given.items():  # whose ids name no patients
        opened |= {name: opener(source, real=False)}
    sets = Sets(opened["real"], opened["test"], {name: opened[name] for name in given})
    problems = [*other_shapes(sets.named), *on_both_sides(sets.real, sets.test)]
    for name, images in sets.named.items():
        if unlabelled := int(images.table["label"].isna().sum()):
            cure = "give them in sub-folders named by label, or in a table's column `label`"
            problems.append(
                Problem(f"{unlabelled} images of the {name} set have no label", images.name, cure)
            )
    problems += [] if problems else _wrong_labels(sets)
    absent = [name for name in groups if name not in sets.test.table]
    if absent:
        has = ", ".join(map(str, sets.test.table.columns))
        problems.append(Problem(f"has no column {', '.join(absent)}", sets.test.name, f"it has {has}"))
    if problems:
        raise InputError(problems)
    return sets


def _wrong_labels(sets: Sets) -> list[Problem]:
    problems = []
    if len(sets.classes) < 2:
        problems.append(
            Problem(f"all images are {sets.classes[0]}", sets.real.name, "give at least two classes")
        )
    for name, images in sets.named.items():
        if others := sorted(set(images.table["label"]) - set(sets.classes)):
            what = f"labels that no real image has: {', '.join(map(str, others[:5]))}"
            problems.append(Problem(what, images.name or name, "give all sets the same labels"))
    return problems
