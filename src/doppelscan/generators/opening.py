"""Which generator is in a folder? One that was trained, or images that were made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from doppelscan.errors import InputError, Problem
from doppelscan.generators.external import External, is_external
from doppelscan.generators.family import Drawing
from doppelscan.generators.model import Model
from doppelscan.imagesets import ImageSet
from doppelscan.workers import Progress, silent

__all__ = ["Generator", "open_generator"]


@runtime_checkable
class Generator(Protocol):
    """What draws one image a seed."""

    @property
    def fingerprint(self) -> str:
        """What it is."""
        ...

    def sample(self, seeds: Sequence[int], options: Drawing | None = None) -> ImageSet:
        """One image a seed; its id is its seed."""
        ...

    def sample_to(
        self,
        seeds: Sequence[int],
        out: Path,
        options: Drawing | None = None,
        *,
        progress: Progress = silent,
    ) -> ImageSet:
        """The same, written to a folder."""
        ...


def open_generator(folder: str | Path, *, at: int | None = None, device: str = "auto") -> Generator:
    """The generator in a folder; of a trained one the last checkpoint, or the one after `at` images.

    Raises
    ------
    InputError
        If there is no such checkpoint.
    FormatError
        If there is no generator, or its files are damaged.
    """
    if not is_external(Path(folder)):
        return Model.open(folder, at=at, device=device)
    if at is not None:
        what, cure = "images made elsewhere have no checkpoints", "leave out --at"
        raise InputError(Problem(what, where=str(folder), cure=cure))
    return External.open(folder)
