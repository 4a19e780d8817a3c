"""Is anything of the training set in a release? Its names, hashes and pixels, in every byte of every file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from doppelscan.imagesets import ImageSet
from doppelscan.release.forms import pixels_of
from doppelscan.release.layers import Layer, layers
from doppelscan.release.needles import Hashes, Needles
from doppelscan.release.pictures import Looks, photographs_in, rasters_in, too_large
from doppelscan.release.record import Leaks, Record
from doppelscan.release.sums import files_in
from doppelscan.workers import Progress, counted, silent

__all__ = ["Leak", "Sought", "leaks", "owners_words"]


@dataclass(frozen=True)
class Leak:
    """Something of the training set, and where it is."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, eq=False)
class Sought:
    """What is looked for: the identifiers of a training set, its hashes, and how its images look."""

    n_images: int
    needles: Needles
    hashes: Hashes
    looks: Looks

    @staticmethod
    def of(train: ImageSet, progress: Progress = silent) -> Sought:
        """Everything of this set; each image is read once for its hashes and once for its looks."""
        needles = Needles.of(train)
        return Sought(len(train), needles, Hashes.of(train, needles, progress), Looks.of(train, progress))

    def counts(self, *, n_files: int) -> Leaks:
        """What the record of a release says of its leak test."""
        return Leaks(
            n_images=self.n_images,
            n_identifiers=len(self.needles),
            n_hashes=len(self.hashes),
            n_files=n_files,
        )


def leaks(
    folder: Path,
    record: Record | None,
    sought: Sought,
    progress: Progress = silent,
    *,
    names: Sequence[str] | None = None,
) -> list[Leak]:
    """Everything of the training set that is in the folder; `record` is what its `audit.json` says, if it is whole.

    Where `names` says which files to search, the released images are not looked at again.
    """
    every = names is None
    names = files_in(folder) if names is None else names
    released = {one.file.partition("#")[0] for one in record.images} if record else set()
    found: dict[Leak, None] = {}
    for name in counted(names, "looking for leaks", len(names), progress):
        if not (folder / name).is_symlink():
            found |= dict.fromkeys(_in_file(folder, name, sought, picture=name not in released))
    if record is not None:
        found |= dict.fromkeys(_in_words(folder, record, sought.needles))
        found |= dict.fromkeys(_in_pixels(folder, record, sought.looks) if every else ())
    return list(found)


def owners_words(folder: Path, record: Record) -> Iterator[tuple[str, str]]:
    """Every text of a release that its owner, not doppelscan, wrote, and where: each is one value, as a whole."""
    for field in ("title", "licence", "training_licence", "generator"):
        if value := getattr(record, field):
            yield f"audit.json, {field}", value
    for value in record.creators:
        yield "audit.json, creators", value
    for value in record.labels:
        yield "audit.json, labels", value
    for one in record.overridden:
        yield "audit.json, overridden", one.why
    yield from _cells(folder)
    for name in files_in(folder):
        for part in PurePosixPath(name).parts:
            yield f"the name of {name}", part
            yield f"the name of {name}", part.partition(".")[0]


def _in_file(folder: Path, name: str, sought: Sought, *, picture: bool) -> Iterator[Leak]:
    for layer in layers(folder, name):
        yield from _in_layer(layer, sought)
        if picture or layer.text or "base64" in layer.where:
            yield from _in_picture(layer, sought.looks)


def _in_picture(layer: Layer, looks: Looks) -> Iterator[Leak]:
    """Training images in a picture; and a picture where there should be none, whosever it is."""
    if too_large(layer):
        yield Leak(layer.where, "a picture that is too large to be looked at")
    for raster in rasters_in(layer):
        named = list(looks.shown_in(raster))
        yield from (Leak(layer.where, f"the pixels of {one}") for one in named)
        if not named and photographs_in(raster):
            yield Leak(layer.where, "a picture, of which no training image is known to be the source")


def _in_layer(layer: Layer, sought: Sought) -> Iterator[Leak]:
    named = sought.needles.in_text(layer.data) if layer.text else sought.needles.in_bytes(layer.data)
    yield from (Leak(layer.where, f"the identifier {one!r}") for one in named)
    if layer.text:
        plain = layer.data.strip(b"\0 \r\n\t").decode("utf-8", "replace")
        parts = {plain, *plain.split("\0")}
        yield from (
            Leak(layer.where, f"the identifier {one!r}") for one in parts if sought.needles.is_one(one)
        )
    yield from (Leak(layer.where, f"the hash {one}") for one in sought.hashes.found(layer.data))


def _in_words(folder: Path, record: Record, needles: Needles) -> Iterator[Leak]:
    for where, value in owners_words(folder, record):
        if needles.is_one(value):
            yield Leak(where, f"the identifier {value!r}")


def _in_pixels(folder: Path, record: Record, looks: Looks) -> Iterator[Leak]:
    files = [one.file for one in record.images]
    for file, pixels in zip(files, pixels_of(record.form, folder, files), strict=True):
        if not isinstance(pixels, str) and (name := looks.same(pixels)) is not None:
            yield Leak(file, f"the pixels of {name}, all of them")


def _cells(folder: Path) -> Iterator[tuple[str, str]]:
    """The cells of `images.csv` but those that doppelscan numbers."""
    try:
        rows: Any = pd.read_csv(folder / "images.csv", dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        return
    for column in set(rows.columns) - {"file", "index", "seed"}:
        for value in rows[column].unique():
            yield f"images.csv, column {column}", str(value)
