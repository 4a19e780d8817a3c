"""The release from beginning to end: select, write beside the target, test, and rename only what passes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import tee
from pathlib import Path
from typing import Any

import doppelscan
from doppelscan.errors import InputError, Problem
from doppelscan.findings import Run, read_run
from doppelscan.findings.membership import read_membership
from doppelscan.findings.quality import read_quality
from doppelscan.findings.utility import read_utility
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Source
from doppelscan.release import croissant, naming, record, stating
from doppelscan.release.datasheet import datasheet
from doppelscan.release.figures import write_figures
from doppelscan.release.fingerprinting import whole_fingerprint
from doppelscan.release.forms import refused, written
from doppelscan.release.gate import Reason, audit_reasons, pass_or_block
from doppelscan.release.leaks import Leak, Sought, leaks
from doppelscan.release.packing import packed
from doppelscan.release.patterns import identifiers_in
from doppelscan.release.readings import standing_verdicts
from doppelscan.release.selecting import Selection, select
from doppelscan.release.settings import REASONS, ReleaseSettings
from doppelscan.release.sources import Sources, changed_pixels, of_other_images, open_sources
from doppelscan.release.sums import SUMS, differences, write_sums
from doppelscan.settings import Resources
from doppelscan.store import check_writable, locked, write_json, write_text
from doppelscan.store.atomic import sync_tree
from doppelscan.store.hidden import beside
from doppelscan.workers import Progress, counted, silent

__all__ = ["Released", "release"]

_SAID = ("README.md", "audit.json", "croissant.json", SUMS)  # what is written again with the overrides


@dataclass(frozen=True)
class Released:
    """What was written: where, its record, and which reasons were let pass."""

    folder: Path
    record: record.Record
    selection: Selection


def release(  # noqa: PLR0913 - each names a thing of the owner
    run: Path,
    out: Path,
    *,
    settings: ReleaseSettings | None = None,
    quality: Path | None = None,
    utility: Path | None = None,
    membership: Path | None = None,
    train: Source | None = None,
    synthetic: Source | None = None,
    holdout: Source | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Released:
    """Write the synthetic images of an audit that may be published, and all that is said of them, to `out`.

    Parameters
    ----------
    run
        The folder of the audit; readers' verdicts in it count.
    quality, utility, membership
        Folders of further measurements of the same images, for the datasheet.
    train, synthetic, holdout
        Where the audited sets are now, if they have moved.

    Raises
    ------
    ReleaseBlocked
        If anything speaks against it that `settings.allow` does not name; `out` is not made.
    InputError
        If `out` exists and is not this very release, no image passes, or the images cannot be kept in the form that
        was chosen.
    """
    settings, resources = settings or ReleaseSettings(), resources or Resources()
    out = out.absolute()
    check_writable(out)
    if _exists(out) and not _holds_a_release(out):
        raise _another(out)
    audited = read_run(run)
    moved = {"train": train, "synthetic": synthetic, "holdout": holdout}
    sources = open_sources(
        audited, moved, patient_pattern=patient_pattern, resources=resources, progress=progress
    )
    measured = _Measured.read(quality, utility, membership)
    verdicts = standing_verdicts(run, audited, moved)
    ids = [str(name) for name in sources.synthetic.table["id"]]
    selection = select(audited, ids, verdicts=verdicts, margin=settings.margin)
    readers = stating.readers(verdicts)
    work = _Work(audited, sources, selection, settings, measured, readers, resources.workers, progress)
    with locked(out), _draft_of(out) as draft:
        made = work.write(draft)
        _put_in_place(draft, out)
    return Released(out, made, selection)


@dataclass(frozen=True, eq=False)
class _Measured:
    """What else was measured of the images, and by its name which sets each measurement saw."""

    quality: record.Quality | None = None
    utility: record.Utility | None = None
    membership: record.Membership | None = None
    saw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @staticmethod
    def read(quality: Path | None, utility: Path | None, membership: Path | None) -> _Measured:
        said: dict[str, Any] = {}
        saw: dict[str, Mapping[str, Any]] = {}
        if quality is not None:
            of_quality = read_quality(quality)
            said["quality"], saw["quality"] = stating.quality(of_quality.quality), _sets_of(of_quality.record)
        if utility is not None:
            of_utility = read_utility(utility)
            said["utility"], saw["utility"] = stating.utility(of_utility.utility), _sets_of(of_utility.record)
        if membership is not None:
            inferred, _ = read_membership(membership)
            said["membership"], saw["membership"] = stating.membership(inferred), _sets_of(inferred.made_from)
        return _Measured(**said, saw=saw)


def _sets_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sets that a measurement saw; synthetic ones that nobody knows where its record does not say."""
    return dict(record["sets"]) if isinstance(record.get("sets"), Mapping) else {"synthetic": {}}


@dataclass(frozen=True, eq=False)
class _Work:
    """All that a release is made from."""

    run: Run
    sources: Sources
    selection: Selection
    settings: ReleaseSettings
    measured: _Measured
    readers: record.Readers | None
    workers: int
    progress: Progress

    def write(self, draft: Path) -> record.Record:
        """Write everything to the draft, and raise ReleaseBlocked with all reasons if any is not let pass."""
        images = self._chosen()
        written_images, texts = self._write_images(draft, images)
        rows = naming.table(
            images, [one.file for one in written_images], self.settings.form, self.settings.groups
        )
        rows.to_csv(draft / "images.csv", index=False)
        figures = write_figures(draft, self.run)
        sought = None if self.sources.train is None else Sought.of(self.sources.train, self.progress)
        reasons = [*self._reasons(), *_about_texts(texts)]
        said = self._record(written_images, texts, images, sought)
        self._write_words(draft, said, rows, figures)
        reasons += self._found_in(draft, said, sought)
        allowed = pass_or_block(reasons, self.settings.allow)
        if allowed:
            overridden = [record.Overridden(reason=one.name, what=one.what, why=why) for one, why in allowed]
            said = said.model_copy(update={"overridden": overridden})
            self._write_words(draft, said, rows, figures)
            pass_or_block(self._found_in(draft, said, sought, names=_SAID), self.settings.allow)
        return said

    def _chosen(self) -> ImageSet:
        synthetic = self.sources.synthetic
        if not self.selection.passed:
            raise InputError(Problem("no image passes", where=synthetic.name, cure="see the audit's report"))
        chosen = synthetic.take(synthetic.positions(self.selection.passed))
        if problems := refused(self.settings.form, chosen[0]):
            raise InputError(problems)
        return chosen

    def _write_images(
        self, draft: Path, images: ImageSet
    ) -> tuple[list[record.ReleasedImage], dict[str, str]]:
        """The images written, and which may hold text: the id of each, by the name of its file."""
        form = self.settings.form
        mine, theirs = tee(packed(images, form, workers=self.workers))  # to be said, and to be written
        names = written(form, draft, (one.kept for one in theirs), len(images))
        stream = counted(
            zip(names, mine, images.table["id"], strict=True), "writing", len(images), self.progress
        )
        done, texts = [], {}
        for name, one, source in stream:
            done.append(record.ReleasedImage(file=name, pixels=one.pixels))
            if one.has_text:
                texts[name] = str(source)
        return done, texts

    def _reasons(self) -> Iterator[Reason]:
        about, limits = self.settings.about, self.settings.limits
        yield from audit_reasons(self.run.findings, self.selection, about, limits, self.sources.unreadable)
        yield from self.sources.reasons
        yield from of_other_images(self.run, self.measured.saw)
        yield from changed_pixels(self.run, self.sources.synthetic)  # asked once all are written
        if self.sources.train is None:
            yield Reason("leak_untested", REASONS["leak_untested"], "give --train")

    def _record(
        self,
        images: list[record.ReleasedImage],
        texts: dict[str, str],
        chosen: ImageSet,
        sought: Sought | None,
    ) -> record.Record:
        about, limits = self.settings.about, self.settings.limits
        counts = chosen.table["label"].dropna().astype(str).value_counts().sort_index()
        return record.Record(
            format=record.FORMAT,
            title=about.title,
            creators=list(about.creators),
            published=about.date,
            licence=about.licence,
            training_licence=about.training_licence,
            generator=about.generator,
            made_by=f"doppelscan {doppelscan.__version__}",
            form=self.settings.form,
            shape=list(chosen.shape),
            dtype=str(chosen[0].pixels.dtype),
            preparation=_prepared(self.run),
            labels={str(label): int(n) for label, n in counts.items()},
            groups=list(self.settings.groups),
            limits=record.Limited(**asdict(limits)),
            audit=stating.audited(self.run),
            selection=self._selected(len(images)),
            readers=self.readers,
            quality=self.measured.quality,
            utility=self.measured.utility,
            membership=self.measured.membership,
            burnt_in_text=list(texts),
            overridden=[],
            leak_test=None
            if sought is None
            else sought.counts(n_files=_files(self.settings.form, len(images))),
            fingerprint=whole_fingerprint(images),
            images=images,
        )

    def _selected(self, n: int) -> record.Selected:
        why = list(self.selection.withheld.values())
        return record.Selected(
            n_synthetic=len(self.sources.synthetic),
            n_released=n,
            withheld=record.Withheld(**{name: why.count(name) for name in set(why)}),
            margin=self.settings.margin,
        )

    def _write_words(self, draft: Path, said: record.Record, rows: Any, figures: tuple[str, ...]) -> None:
        write_json(draft / "audit.json", said.to_json())
        page = datasheet(said, self.run.findings, has_seed="seed" in rows, figures=figures)
        write_text(draft / "README.md", page)
        content = croissant.described(said, draft, naming.column_types(rows))
        write_text(draft / "croissant.json", croissant.as_text(content))
        write_sums(draft)

    def _found_in(
        self, draft: Path, said: record.Record, sought: Sought | None, names: Sequence[str] | None = None
    ) -> list[Reason]:
        """What in the folder, or in files of these names, looks like an identifier, or is of the training set."""
        reasons = []
        if found := list(identifiers_in(draft, said, names=names)):
            what = f"{len(found)} places look as if they held an identifier"
            reasons.append(Reason("identifiers", what, "remove it", tuple(map(str, found))))
        if sought is not None:
            reasons += _about_leaks(leaks(draft, said, sought, self.progress, names=names))
        return reasons


def _prepared(run: Run) -> dict[str, Any]:
    """What the audit's preparation changes; nothing where images are as they were."""
    from doppelscan.images.preparation import Preparation

    usual = Preparation().to_json()
    kept = run.record.get("settings", {}).get("preparation") or {}
    return {name: one for name, one in kept.items() if usual.get(name) != one}


def _about_texts(texts: dict[str, str]) -> Iterator[Reason]:
    if texts:
        what = f"{len(texts)} images seem to hold text"
        shown = tuple(f"{name} ({file})" for file, name in texts.items())
        yield Reason("burnt_in_text", what, "look at them, and leave out those that do", shown)


def _about_leaks(found: list[Leak]) -> list[Reason]:
    if not found:
        return []
    what = f"{len(found)} places hold something of the training set"
    return [Reason("leak", what, "rename it, or leave it out", tuple(map(str, found)))]


def _files(form: str, n: int) -> int:
    """Images, table, record, datasheet, Croissant, sums and two figures."""
    return (1 if form == "npz" else n) + 7


def _exists(out: Path) -> bool:
    return out.exists() or out.is_symlink()


def _holds_a_release(out: Path) -> bool:
    return not out.is_symlink() and (out / SUMS).is_file()


def _put_in_place(draft: Path, out: Path) -> None:
    """Make the draft the release; one that is there stays if it is the same to the last byte."""
    if not _exists(out):
        sync_tree(draft)
        draft.replace(out)
    elif not _holds_a_release(out) or _sums(draft) != _sums(out) or any(differences(out)):
        raise _another(out)


def _sums(release: Path) -> bytes:
    return (release / SUMS).read_bytes()


def _another(out: Path) -> InputError:
    return InputError(
        Problem("exists already, and is not this release", where=str(out), cure="name another folder")
    )


@contextmanager
def _draft_of(out: Path) -> Iterator[Path]:
    """An empty folder beside the target; what a killed call left is removed, and it is unless it becomes the target."""
    draft = beside(out, "partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
    except OSError as error:  # a full disk does not say where it is
        error.filename = error.filename or str(draft)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
