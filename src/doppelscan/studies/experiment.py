"""How is one cell made? Train, draw, audit, measure; each step goes on where it stood, a finished cell is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doppelscan import __version__
from doppelscan.audit import AuditSettings, audited
from doppelscan.estimates import Estimate
from doppelscan.findings import Run, read_run
from doppelscan.findings.plain import from_plain, to_plain
from doppelscan.findings.quality import Quality
from doppelscan.generators import Keeping, fit
from doppelscan.generators.family import Settings
from doppelscan.generators.options import settings_of
from doppelscan.generators.registry import preset_of
from doppelscan.imagesets import ImageSet
from doppelscan.quality import QualitySettings, quality
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, read_json, write_json
from doppelscan.studies.grid import Cell
from doppelscan.studies.outcomes import measured
from doppelscan.studies.sources import Patients, repeated
from doppelscan.workers import Progress, silent

__all__ = ["Experiment", "Outcome", "audit_settings", "generator_settings"]

_FORMAT = "doppelscan-cell/1"
_BY_PIXELS = QualitySettings(encoder="pixels", n_draws=20, n_pairs=2)
_DAR = AuditSettings(method="pearson", calibration="dar", n_controls=20)


@dataclass(frozen=True)
class Outcome:
    """What came out of one cell: estimates by name, and seconds by step."""

    measured: dict[str, Estimate]
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Experiment:
    """One cell, the images it is about, and the folder that it is kept in."""

    cell: Cell
    patients: Patients
    audit: AuditSettings
    folder: Path
    resources: Resources
    _clock: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def place(cell: Cell, source: str, audit: AuditSettings, folder: Path) -> Path:
        """Where a cell is kept: told from all that it comes out of, its source's content among it."""
        settings = generator_settings(cell)
        made_from = [cell.row(), source, repr(settings), audit.to_json(), __version__]
        name = cell.name[:100].encode()[:200].decode(errors="ignore")
        return folder / f"{name}-{fingerprint(made_from)[:8]}"

    @staticmethod
    def finished(folder: Path) -> Outcome | None:
        """What came out of the cell in a folder; None if it is not finished."""
        path = folder / "cell.json"
        return (
            from_plain(Outcome, read_json(path, expected=_FORMAT), where=str(path)) if path.exists() else None
        )

    def run(self, progress: Progress = silent) -> Outcome:
        """Train, draw, audit and measure what is not done yet.

        Raises
        ------
        InputError
            If there are too few patients, or settings or images do not fit each other.
        """
        if (done := self.finished(self.folder)) is not None:
            return done
        cell, held_out = self.cell, self.patients.held_out
        these = self.patients.these(int(cell["images"]), cell.seed)
        with self._timed("training"):
            model = fit(
                self._fitted(these),
                generator_settings(cell),
                out=self.folder / "model",
                holdout=held_out,
                seed=cell.seed,
                keeping=Keeping(last=1),
                resources=self.resources,
                progress=progress,
            )
        with self._timed("drawing"):
            seeds = range(cell.seed * 1_000_000, cell.seed * 1_000_000 + int(cell["samples"]))
            samples = model.sample_to(seeds, self.folder / "samples", progress=progress)
        with self._timed("auditing"):
            ours = self._audited("audit", self.audit, these, samples, progress)
            theirs = self._audited("dar", _DAR, these, samples, progress)
        with self._timed("measuring"):
            seen = self._quality(these, samples, progress)
        outcome = Outcome(measured(ours, theirs, seen, self.folder / "model"), self._clock)
        write_json(self.folder / "cell.json", {"format": _FORMAT, "cell": cell.row()} | to_plain(outcome))
        return outcome

    def _fitted(self, these: ImageSet) -> ImageSet:
        """What the generator learns from: the audited patients, or as many others."""
        n, cell = int(self.cell["images"]), self.cell
        fitted = these if cell["fitted_on"] == "these" else self.patients.others(n, cell.seed)
        return repeated(fitted, int(cell["repeats"]), cell.seed)

    def _quality(self, these: ImageSet, samples: ImageSet, progress: Progress) -> Quality:
        return quality(
            real=these,
            synthetic=samples,
            settings=_BY_PIXELS,
            out=self.folder / "quality",
            resources=self.resources,
            progress=progress,
        )

    def _audited(
        self, name: str, settings: AuditSettings, these: ImageSet, samples: ImageSet, progress: Progress
    ) -> Run:
        audited(
            train=these,
            synthetic=samples,
            holdout=self.patients.held_out,
            settings=settings,
            out=self.folder / name,
            resources=self.resources,
            progress=progress,
        )
        return read_run(self.folder / name)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._clock[step] = round(time.monotonic() - begun, 3)


def generator_settings(cell: Cell) -> Settings:
    """The settings of the cell's family: its preset, and what the recipe's levels change.

    Raises
    ------
    InputError
        If there is no such family, preset or setting.
    """
    return preset_of(str(cell["family"]), str(cell["preset"]), cell.changes)


def audit_settings(values: dict[str, Any]) -> AuditSettings:
    """The settings that a recipe's `[audit]` names.

    Raises
    ------
    InputError
        If one is unknown or out of range.
    """
    return settings_of(AuditSettings, values)
