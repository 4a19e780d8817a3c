"""When does a model begin to copy? At each mark of its training samples are drawn, audited, compared with real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from doppelscan.audit import AuditSettings, audit
from doppelscan.errors import InputError, Problem
from doppelscan.generators import Keeping, Model
from doppelscan.generators.checkpoints import Checkpoint, checkpoints_of, spare
from doppelscan.generators.family import Settings
from doppelscan.generators.registry import family_of
from doppelscan.generators.watching import is_mark
from doppelscan.imagesets import ImageSet
from doppelscan.mitigation.looks import Look, looks_at, write_looks
from doppelscan.quality import QualitySettings, quality
from doppelscan.settings import Resources

__all__ = ["Watching", "watched"]

_BY_PIXELS = AuditSettings(method="pearson", n_controls=20)


@dataclass(frozen=True)
class Watching:
    """How a training is watched.

    Attributes
    ----------
    samples
        Images drawn at each mark, of the same seeds each time.
    most_copied
        The copied share that is borne: of the checkpoints whose interval stays below it, the best is spared.
    audit
        How samples are audited.
    encoder
        Whose vectors the Frechet distance compares, as for `quality`.
    """

    samples: int = 200
    most_copied: float = 0.05
    audit: AuditSettings = _BY_PIXELS
    encoder: str = "pixels"

    def __post_init__(self) -> None:
        problems = []
        if self.samples < 2:
            problems.append(Problem(f"is {self.samples}", where="samples", cure="at least 2"))
        if not 0 < self.most_copied <= 1:
            problems.append(
                Problem(f"is {self.most_copied:g}", where="most_copied", cure="above 0, at most 1")
            )
        if problems:
            raise InputError(problems)


def watched(
    keeping: Keeping,
    *,
    out: Path,
    settings: Settings,
    images: ImageSet,
    holdout: ImageSet | None = None,
    watching: Watching | None = None,
    resources: Resources | None = None,
) -> Keeping:
    """What `fit` is to be given as `keeping`, so that `memorization.jsonl` in the folder tells what each mark copies.

    The best checkpoint that copies little enough is spared from pruning: `looks_at` names it. Watching changes no
    weight. A mark that a killed training had reached and nobody had looked at is looked at first.

    Raises
    ------
    InputError
        If the sets cannot be audited.
    """
    watch = _Watch(images, holdout, out, watching or Watching(), resources or Resources())
    for checkpoint in _marked(out, settings, keeping):
        watch.look(checkpoint.seen)
    return replace(keeping, at_mark=watch.look)


@dataclass(frozen=True, eq=False)
class _Watch:
    """The sets that a training is watched with, and where what is seen is written."""

    images: ImageSet
    holdout: ImageSet | None
    out: Path
    watching: Watching
    resources: Resources

    def look(self, seen: int) -> None:
        """Audit samples of the checkpoint after so many images, unless that is done, and spare the best."""
        looks, _ = looks_at(self.out)
        if seen not in {look.seen for look in looks}:
            write_looks(self.out, [*looks, self._looked(seen)])
        _, best = looks_at(self.out, self.watching.most_copied)
        found = {checkpoint.seen: checkpoint for checkpoint in checkpoints_of(self.out)}
        spare(self.out, None if best is None else found.get(best.seen))

    def _looked(self, seen: int) -> Look:
        model = Model.open(self.out, at=seen, device=self.resources.device)
        samples = model.sample(range(self.watching.samples))
        found = audit(
            train=self.images,
            synthetic=samples,
            holdout=self.holdout,
            settings=self.watching.audit,
            resources=self.resources,
        )
        how = QualitySettings(encoder=self.watching.encoder, n_draws=20, n_pairs=2)
        measured = quality(real=self.images, synthetic=samples, settings=how, resources=self.resources)
        return Look(seen, found.copied, found.memorized, measured["fid"].value)


def _marked(out: Path, settings: Settings, keeping: Keeping) -> list[Checkpoint]:
    """Checkpoints at marks of the last stage."""
    stages = family_of(settings).stages
    training = stages[-1].training(settings)
    return [
        checkpoint
        for checkpoint in checkpoints_of(out)
        if checkpoint.stage == len(stages) - 1 and is_mark(checkpoint.seen, training, keeping.marks)
    ]
