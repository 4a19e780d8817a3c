"""Is a folder the release that it says it is, and safe as far as can be told? Everything that is wrong, at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.imagesets.together import Source
from doppelscan.release import croissant
from doppelscan.release.fingerprinting import pixel_fingerprint, whole_fingerprint
from doppelscan.release.forms import ends_of, npz, pixels_of
from doppelscan.release.forms.doors import NPZ
from doppelscan.release.layers import Layer
from doppelscan.release.leaks import Sought, leaks
from doppelscan.release.patterns import identifiers_in
from doppelscan.release.pictures import photographs_in, rasters_in, too_large
from doppelscan.release.record import Record
from doppelscan.release.sums import SUMS, differences, files_in, no_files
from doppelscan.settings import Resources
from doppelscan.store import parse_json
from doppelscan.workers import Progress, counted, silent

__all__ = ["Checked", "Fault", "check"]

_ALWAYS = frozenset({"README.md", "audit.json", "croissant.json", "images.csv", SUMS})
_FIGURES = frozenset({"figures/scores.png", "figures/power.png"})


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a release: where, what, and which check found it.

    These are `sums`, `files`, `record`, `images`, `croissant`, `identifiers`, `leaks`.
    """

    check: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.what}" if self.where else f"{self.check}: {self.what}"


@dataclass(frozen=True)
class Checked:
    """What a check came to.

    Attributes
    ----------
    faults
        Everything that is wrong.
    n_images, n_files
        How much was looked at.
    by_mlcroissant
        Whether MLCommons' own package had its say too.
    for_leaks
        Whether a training set was searched for.
    """

    faults: tuple[Fault, ...]
    n_images: int
    n_files: int
    by_mlcroissant: bool
    for_leaks: bool

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def check(
    folder: Path,
    *,
    train: Source | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Checked:
    """Everything that is wrong with a release; with its training images, whether anything of them is in it.

    Nothing of the folder is executed, no link is followed, and nothing is unpacked beyond what its header promises.

    Raises
    ------
    InputError
        If there is no folder, nothing in it is of a release, or the training images cannot be opened.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise InputError(Problem("is no folder", where=str(folder), cure="name the folder of a release"))
    if not {"audit.json", "croissant.json", SUMS} & set(files_in(folder)):
        what, cure = (
            "is no release: it has no audit.json",
            "give the folder that `doppelscan release --out` wrote",
        )
        raise InputError(
            Problem(what, where=str(folder), cure=cure, page="howto/release.md#anyone-can-check")
        )
    sought = None if train is None else _sought(train, patient_pattern, resources or Resources(), progress)
    if odd := tuple(Fault("files", *one) for one in no_files(folder)):  # nothing is read through them
        return Checked(odd, 0, len(files_in(folder)), by_mlcroissant=False, for_leaks=False)
    faults = [Fault("sums", where, what) for where, what in differences(folder)]
    record, wrong = _record(folder)
    faults += [*wrong, *_about_files(folder, record)]
    if record is not None:
        faults += [*_about_images(folder, record, progress), *_about_table(folder, record)]
    described, by_mlcroissant = _about_croissant(folder, record)
    faults += described
    faults += [Fault("identifiers", one.where, one.what) for one in identifiers_in(folder, record)]
    if sought is not None:
        faults += [Fault("leaks", one.where, one.what) for one in leaks(folder, record, sought, progress)]
    n_images = len(record.images) if record else 0
    return Checked(
        tuple(dict.fromkeys(faults)), n_images, len(files_in(folder)), by_mlcroissant, train is not None
    )


def _sought(train: Source, pattern: str | None, resources: Resources, progress: Progress) -> Sought:
    from doppelscan.imagesets import ImageSet, open_images

    if isinstance(train, ImageSet):
        return Sought.of(train, progress)
    opened = open_images(train, patient_pattern=pattern, resources=resources, progress=progress)
    return Sought.of(opened, progress)


def _record(folder: Path) -> tuple[Record | None, list[Fault]]:
    try:
        content = parse_json((folder / "audit.json").read_bytes())
        record = Record.from_json(content if isinstance(content, dict) else {})
    except FormatError as error:
        return None, [Fault("record", one.where, one.what) for one in error.problems]
    except (OSError, ValueError) as error:
        return None, [Fault("record", "audit.json", f"cannot be read: {error}")]
    return record, list(_contradictions(record))


def _contradictions(record: Record) -> Iterator[Fault]:
    """What in a record cannot all be true."""
    chosen, n = record.selection, len(record.images)
    held_back = sum(count for _, count in chosen.withheld)
    if not n == chosen.n_released == chosen.n_synthetic - held_back:
        yield Fault("record", "audit.json", f"{n} images, {chosen.n_released} released, {held_back} withheld")
    if chosen.n_synthetic - chosen.withheld.unaudited > record.audit.n_synthetic:
        yield Fault("record", "audit.json", "more images were chosen from than were audited")
    if record.fingerprint != whole_fingerprint(record.images):
        yield Fault("record", "audit.json", "its fingerprint is not that of its images")
    if len({one.file for one in record.images}) != n:
        yield Fault("record", "audit.json", "names an image twice")


def _about_files(folder: Path, record: Record | None) -> Iterator[Fault]:
    """Only what a release holds may be in its folder."""
    images = {one.file.partition("#")[0] for one in record.images} if record else set()
    allowed = _ALWAYS | _FIGURES | images
    there = set(files_in(folder))
    for name in sorted(there):
        if name not in allowed and record is not None:
            yield Fault("files", name, "is no file of a release")
        elif name.startswith("figures/") and name.endswith(".png"):
            yield from _about_figure(folder, name)
    for name in sorted((_ALWAYS | images) - there):
        yield Fault("files", name, "is missing")
    if record is not None:
        end = ends_of(record.form)
        proper = {one for one in images if one == NPZ or (one.startswith("images/") and one.endswith(end))}
        for name in sorted(images - proper):
            yield Fault("record", name, "is no name of a released image")


def _about_figure(folder: Path, name: str) -> Iterator[Fault]:
    layer = Layer(name, (folder / name).read_bytes(), text=False)
    if too_large(layer):
        yield Fault("files", name, "is a picture that is too large to be looked at")
    for raster in rasters_in(layer):
        for left, top, width, height in photographs_in(raster):
            yield Fault("files", name, f"holds a picture, {width} x {height} at {left}, {top}")


def _about_images(folder: Path, record: Record, progress: Progress) -> Iterator[Fault]:
    """Whether each image is the one that was audited."""
    if any(".." in Path(one.file).parts or Path(one.file).is_absolute() for one in record.images):
        yield Fault("images", "audit.json", "names files outside of the folder")
        return
    files = [one.file for one in record.images]
    found = pixels_of(record.form, folder, files)
    pairs = counted(zip(record.images, found, strict=True), "checking images", len(files), progress)
    for one, pixels in pairs:
        if isinstance(pixels, str):
            yield Fault("images", one.file, pixels)
        elif pixel_fingerprint(pixels) != one.pixels:
            yield Fault("images", one.file, "is not the image that was audited")


def _about_table(folder: Path, record: Record) -> Iterator[Fault]:
    """Whether the table has a row for each image, the columns that are said, and the labels that are counted."""
    try:
        rows: Any = pd.read_csv(folder / "images.csv", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        yield Fault("record", "images.csv", f"cannot be read: {error}")
        return
    allowed = {"index" if record.form == "npz" else "file", "label", "seed", *record.groups}
    for name in sorted(set(rows.columns) - allowed):
        yield Fault("record", "images.csv", f"has a column {name!r} that audit.json does not name")
    named = [f"{NPZ}#{one}" for one in rows["index"]] if "index" in rows else list(rows.get("file", ()))
    if named != [one.file for one in record.images]:
        yield Fault("record", "images.csv", "its rows are not the images of audit.json, in their order")
    labels = rows["label"][rows["label"] != ""].value_counts() if "label" in rows else pd.Series(dtype=int)
    if {str(label): int(n) for label, n in labels.items()} != record.labels:
        yield Fault("record", "images.csv", "its labels are not those that audit.json counts")
    if record.form == "npz":
        yield from _about_codes(folder / NPZ, list(rows.get("label", ())))


def _about_codes(path: Path, labels: list[str]) -> Iterator[Fault]:
    """Whether the labels' numbers beside the arrays are those of the table, and hold nothing else."""
    if any(npz.smuggled(path)):  # told elsewhere
        return
    order = {label: number for number, label in enumerate(sorted({*labels} - {""}))}
    if npz.labels_in(path) != ([order.get(label, -1) for label in labels] if order else []):
        yield Fault("record", NPZ, "its labels are not those of images.csv")


def _about_croissant(folder: Path, record: Record | None) -> tuple[list[Fault], bool]:
    path = folder / "croissant.json"
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        return [Fault("croissant", path.name, f"cannot be read: {error}")], False
    if not isinstance(content, dict):
        return [Fault("croissant", path.name, "is no description: it holds no object")], False
    problems = list(croissant.faults(content, folder))
    if record is not None and (content.get("name"), content.get("datePublished")) != (
        record.title,
        record.published,
    ):
        problems.append(Problem("has another name or day than audit.json", where=path.name))
    theirs = croissant.faults_by_mlcroissant(path)
    problems += theirs or []
    return [Fault("croissant", one.where, one.what) for one in problems], theirs is not None
