"""Which images the listed files hold, and what is known of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import pandas as pd

from doppelscan.images.formats import Entry, assemble
from doppelscan.imagesets.headers import read_headers
from doppelscan.imagesets.imageset import ImageSet, Unreadable, with_columns
from doppelscan.imagesets.listing import Listing, name_in
from doppelscan.imagesets.patients import patients_in
from doppelscan.imagesets.pixels import FilePixels
from doppelscan.imagesets.versions import code_versions
from doppelscan.limits import moved
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint_files
from doppelscan.workers import Progress

__all__ = ["scan"]

_HEADERS, _COLUMN, _PATTERN = "DICOM Patient ID", "the table's column patient", "--patient-pattern"


def scan(
    listing: Listing,
    *,
    name: str,
    part: str | None = None,
    patient_pattern: str | None = None,
    resources: Resources,
    progress: Progress,
) -> ImageSet:
    """The set of all images in the listed files, unread but for their headers.

    Files are read again only where their content has changed. `part` names an array of an `.npz`;
    `patient_pattern` is a regular expression whose group `patient`, or first group, finds the patient in an id; where
    it finds nothing, the patient is unknown.
    """
    contents = dict(
        zip(listing.files, fingerprint_files([listing.folder / f for f in listing.files]), strict=True)
    )
    found = _Found.from_cache(listing, contents, part, resources, progress)
    images, refused = assemble(found.entries)
    unreadable = [Unreadable(*row) for row in (*listing.refused, *found.unreadable)]
    unreadable += [Unreadable(name_in(listing.folder, file), reason) for file, reason in refused]
    table, patients_from = _table(images, listing, patient_pattern)
    pixels = FilePixels(tuple(images), tuple(_content(entry, listing.folder, contents) for entry in images))
    return ImageSet(table, pixels, name, tuple(unreadable), patients_from=patients_from)


@dataclass(frozen=True)
class _Found:
    entries: list[Entry]
    unreadable: list[tuple[str, str]]

    @staticmethod
    def from_cache(
        listing: Listing, contents: dict[str, str], part: str | None, resources: Resources, progress: Progress
    ) -> _Found:
        key = {
            "versions": code_versions(),
            "limits": dict(moved()),
            "folder": str(listing.folder),
            "files": contents,
            "part": part,
        }
        make = partial(_read_headers, listing, part, resources, progress)
        rows = Cache.default().table("scans", key, make)
        parsed = [json.loads(text) for text in rows["found"]]
        readable = [Entry.from_json(row) for row in parsed if "reason" not in row]
        return _Found(readable, [(row["file"], row["reason"]) for row in parsed if "reason" in row])


def _read_headers(
    listing: Listing, part: str | None, resources: Resources, progress: Progress
) -> pd.DataFrame:
    paths = [listing.folder / file for file in listing.files]
    read = read_headers(paths, part, resources, progress)
    rows: list[str] = []
    for file, found in zip(listing.files, read, strict=True):
        if isinstance(found, str):
            rows.append(json.dumps({"file": file, "reason": found}))
        else:
            rows.extend(json.dumps(entry.to_json()) for entry in found)
    return pd.DataFrame({"found": pd.Series(rows, dtype=object)})


def _table(
    images: Sequence[Entry], listing: Listing, patient_pattern: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """What is known of each image, and what named the patients."""
    files = [name_in(listing.folder, entry.file) for entry in images]
    rows = pd.DataFrame(
        {
            "id": [
                file if e.frame is None else f"{file}#{e.frame}"
                for file, e in zip(files, images, strict=True)
            ],
            "file": files,
            "patient": pd.Series([entry.patient for entry in images], dtype=object),
            "study": pd.Series([entry.study for entry in images], dtype=object),
            "label": pd.Series(
                [_label(e, file) for file, e in zip(files, images, strict=True)], dtype=object
            ),
        }
    )
    named = pd.Series(_HEADERS, index=rows.index).where(rows["patient"].notna())
    if listing.table is not None:
        said = listing.table.reindex(files).reset_index(drop=True)
        if "patient" in said:
            named = named.mask(said["patient"].notna(), _COLUMN)
        for column in said:
            known = rows.get(column)
            rows[column] = said[column] if known is None else said[column].where(said[column].notna(), known)
    if patient_pattern is not None:
        rows["patient"] = patients_in(rows["id"], patient_pattern)
        named = pd.Series(_PATTERN, index=rows.index)
    return with_columns(rows), tuple(named.dropna().unique())


def _label(entry: Entry, file: str) -> str | None:
    """The label in the file, else the sub-folder; folders of DICOM files name studies, not labels."""
    folders = PurePosixPath(file).parts[:-1]
    if entry.label is not None or not folders or entry.study is not None:
        return entry.label
    return folders[-1]


def _content(entry: Entry, folder: Path, contents: dict[str, str]) -> str:
    files = entry.slices or (entry.file,)
    return "".join(contents[name_in(folder, file)] for file in files)
