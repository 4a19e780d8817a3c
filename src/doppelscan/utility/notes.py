"""What must a reader of the numbers know? One sentence each, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from doppelscan.imagesets import ImageSet
from doppelscan.utility.cells import Cell
from doppelscan.utility.makers import Maker
from doppelscan.utility.settings import ALL, UtilitySettings

__all__ = ["absences", "declared", "notes"]

_FEW_SEEDS = 3


def declared(makers: Sequence[Maker]) -> Iterator[str]:
    """A warning for each generator that may know more real images than the classifier was granted."""
    for maker in makers:
        if not maker.refitted:
            yield (
                f"{maker.name}: its images were not made anew from the granted real images alone. If the generator saw "
                "more of them, its gain is in part that of real images which the classifier was not granted."
            )


def absences(absent: Sequence[Cell]) -> Iterator[str]:
    """Cells that could not be, by arm and size."""

    def place(cell: Cell) -> tuple[str, int]:
        return cell.arm, cell.size

    for (arm, size), cells in groupby(sorted(absent, key=lambda c: (*place(c), c.per_real)), key=place):
        ratios = sorted({cell.per_real for cell in cells})
        of = "all real images" if size == ALL else f"{size} real images per class"
        yield f"{arm}: too few synthetic images for {', '.join(map(str, ratios))} per real one, at {of}."


def notes(real: ImageSet, test: ImageSet, settings: UtilitySettings, sizes: Sequence[int]) -> Iterator[str]:
    """What limits these numbers."""
    for name, images in (("real", real), ("test", test)):
        if unknown := int(images.table["patient"].isna().sum()):
            yield (
                f"{unknown} images of the {name} set name no patient; each counts as a patient of its own. Whether a "
                "patient is both learnt from and tested on cannot be known of them, and intervals may be too short."
            )
    left = [size for size in settings.real_per_class if size != ALL and size not in sizes]
    if left:
        yield f"There are not {', '.join(map(str, left))} real images of every class: these sizes are left out."
    if settings.n_seeds < _FEW_SEEDS:
        yield f"{settings.n_seeds} seeds tell little of how much chance is in a training: give at least {_FEW_SEEDS}."
    if settings.classifier == "probe" and settings.encoder == "contrastive":
        yield (
            "The encoder was trained on all real images, without their labels: also on those that a cell does not "
            "grant. All arms share that."
        )
