"""What looks like an identifier to one who knows none? Dates, DICOM UIDs, paths, addresses, names in tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelscan.release.forms import smuggled
from doppelscan.release.layers import Layer, layers
from doppelscan.release.leaks import owners_words
from doppelscan.release.record import Record
from doppelscan.release.sums import files_in

__all__ = ["Found", "identifiers_in", "looking_like"]

_DAY, _MONTH, _YEAR = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])", r"(?:19|20)\d\d"
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
PATTERNS = {  # what repeats is bounded: a long text that never matches would be gone through again at each letter
    "a date": rf"(?<![\d.])(?:{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}|{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}"
    rf"|{_MONTH}/{_DAY}/{_YEAR}|{_DAY}\.? {_MONTHS} {_YEAR}|{_MONTHS} {_DAY},? {_YEAR}"
    rf"|(?<![0-9a-fA-F]){_YEAR}{_MONTH}{_DAY}(?![0-9a-fA-F]))(?![\d])",
    "a DICOM UID": r"(?<![\d.])(?:0|1|2)(?:\.(?:0|[1-9]\d*)){5,}(?![\d.])",
    "a path": r"(?<![\w:/.])(?:/(?:home|users|mnt|data|media|tmp|var|srv|opt|root|work|scratch|volumes|nfs)/[\w./-]+"
    r"|[a-z]:\\[\w\\ .-]+|\\\\[\w.-]+\\[\w\\ .-]+|file://\S+)",
    "an e-mail address": r"[a-z0-9._%+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}",
    "a person's name": r"(?<![\w^])[A-Z][\w'-]{1,64}\^[A-Z][\w'-]{0,64}(?:\^[\w'-]{0,64}){0,3}",
    "a tag of a person": r"\b(?:patient[ _]?(?:name|id|s?birth[ _]?date|address)|accession[ _]?number"
    r"|referring[ _]?physician|institution[ _]?name|medical[ _]?record|mrn|ssn|date[ _]?of[ _]?birth|dob)\b\s*[:=\"]",
    "a telephone number": r"(?<![\w.])\+\d{1,3}[ -]?(?:\d[ -]?){7,12}\d(?![\w.])",
}
_COMPILED = {what: re.compile(pattern, re.IGNORECASE) for what, pattern in PATTERNS.items()}
_COMPILED["a person's name"] = re.compile(PATTERNS["a person's name"])


@dataclass(frozen=True)
class Found:
    """Something that looks like an identifier, or that no release holds, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def identifiers_in(
    folder: Path, record: Record | None, *, names: Sequence[str] | None = None
) -> Iterator[Found]:
    """What in the folder, or in files of these names, looks like an identifier, and what files hold besides pixels.

    The day of publication, which `audit.json` says, is no finding.
    """
    published = record.published if record else ""
    for name in files_in(folder) if names is None else names:
        if (folder / name).is_symlink():
            yield Found(name, "is a link")
            continue
        yield from (Found(name, what) for what in smuggled(folder / name))
        for layer in layers(folder, name):
            if layer.text:
                yield from _in_text(layer, published)
    if record is not None:
        for where, value in owners_words(folder, record):
            yield from looking_like(where, value)


def _in_text(layer: Layer, published: str) -> Iterator[Found]:
    for coding in ("utf-8", "utf-16-le") if b"\0" in layer.data else ("utf-8",):
        yield from looking_like(layer.where, layer.data.decode(coding, "replace"), published)


def looking_like(where: str, text: str, published: str = "") -> Iterator[Found]:
    """What in a text looks like an identifier, and is not the day of publication."""
    for what, pattern in _COMPILED.items():
        for match in pattern.finditer(text):
            if match[0] != published:
                yield Found(where, f"looks like {what}: {match[0]!r}")
