"""What of the training set must not be in a release? Its names and their hashes, wherever in bytes they occur.

How an identifier is looked for depends on how much it says, so that a patient called 7 is not found in every number:

========================================================  ====================================================
an identifier of                                          is found
========================================================  ====================================================
8 signs or more, letters and digits; 10 digits or more    anywhere, in any byte, in UTF-8 and UTF-16
8 signs or more, all letters; 8 or 9 digits               in text, as a whole word
4 to 7 signs, letters and digits                          in text, as a whole word
anything shorter, or 4 to 7 letters or digits only        as the whole of a cell, a label, a name or a tag
========================================================  ====================================================

A label of the training set is no identifier, unless it is the name of the only patient who has it; nor is a word of
our own. Upper and lower case are one; in packed data a name is found as it is written, or all in lower case.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Bool, UInt64

from doppelscan.imagesets import ImageSet
from doppelscan.workers import Progress, counted

__all__ = ["Hashes", "Needles"]

_ALGORITHMS = ("md5", "sha1", "sha256", "blake2b")
_PREFIX = 8
_OURS = re.compile(
    r"(seed-\d{8,}|number-\d{6,})(\.png|\.nii\.gz|\.nii)?|images?|scores|power|readme|audit|croissant|sha256sums|train"
    r"|train_images|train_labels|(images\.(csv|npz)|scores\.png|power\.png|readme\.md|audit\.json|croissant\.json)"
)
_RUN = re.compile(rb"[a-z0-9]+")
_HEX = re.compile(rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32,128}(?![0-9A-Fa-f])")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{22,88}")


@dataclass(frozen=True, eq=False)
class Needles:
    """Identifiers, by how they are looked for; in lower case, but for `written`: those anywhere as the set has them."""

    anywhere: frozenset[str]
    words: frozenset[str]
    cells: frozenset[str]
    written: frozenset[str]

    @staticmethod
    def of(images: ImageSet) -> Needles:
        """The ids, names, paths, patients and studies of a set, and where it lies."""
        written, known = _identifiers(images), _labels(images)
        lowered = {name.lower() for name in written}
        every = {name for name in lowered if name not in known and not _OURS.fullmatch(name)}
        anywhere = {name for name in every if _says_much(name)}
        words = {name for name in every - anywhere if _is_word(name)}
        kept = {name for name in written if name.lower() in anywhere}
        return Needles(frozenset(anywhere), frozenset(words), frozenset(every), frozenset(kept))

    def __len__(self) -> int:
        return len(self.cells)

    def in_bytes(self, data: bytes) -> Iterator[str]:
        """What says enough to be found in any bytes."""
        if self.anywhere:
            yield from dict.fromkeys(name.lower() for name in self._index.found(data))

    def in_text(self, data: bytes) -> Iterator[str]:
        """What is found in text: that, and whole words."""
        lower = _lowered(data)
        yield from self.in_bytes(lower)
        yield from set(self._words_in(lower))

    def is_one(self, value: str) -> bool:
        """Whether a cell, label, name or tag is, as a whole, an identifier."""
        return value.strip().lower() in self.cells

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.anywhere | self.written)

    @cached_property
    def _by_first_run(self) -> dict[bytes, list[tuple[int, bytes]]]:
        """The words by their first run of letters and digits, and where in the word that is."""
        words: dict[bytes, list[tuple[int, bytes]]] = {}
        for word in (name.encode(errors="surrogatepass") for name in self.words):
            for run in islice(_RUN.finditer(word), 1):
                words.setdefault(run[0], []).append((run.start(), word))
        return words

    def _words_in(self, lower: bytes) -> Iterator[str]:
        for run in _RUN.finditer(lower):
            for offset, word in self._by_first_run.get(run[0], ()):
                at = run.start() - offset
                if at >= 0 and lower.startswith(word, at) and not _RUN.match(lower, at + len(word)):
                    yield word.decode(errors="surrogatepass")


@dataclass(frozen=True, eq=False)
class Hashes:
    """Hashes of training files, of their pixels and of identifiers, as they may be written."""

    hexadecimal: frozenset[bytes]
    base64: frozenset[bytes]
    raw: _Index

    @staticmethod
    def of(images: ImageSet, needles: Needles, progress: Progress) -> Hashes:
        """Of every file that is still there, of the pixels of every image, of every identifier."""
        digests = {one for name in needles.cells for one in _digests(name.encode())}
        digests |= {one for name in _identifiers(images) for one in _digests(name.encode())}
        for place, image in enumerate(counted(images, "hashing", len(images), progress)):
            digests |= set(_digests(np.ascontiguousarray(image.stored).tobytes()))
            digests |= set(_digests(np.ascontiguousarray(np.moveaxis(image.stored, 0, -1)).tobytes()))
            file = Path(images.name) / str(images.table["file"].iloc[place])
            if file.is_file():
                digests |= set(_digests(file.read_bytes()))
        named = {bytes.fromhex(name) for name in needles.cells if re.fullmatch(r"([0-9a-f]{2}){16,64}", name)}
        return Hashes.known(digests | named | {bytes.fromhex(images.fingerprint)})

    @staticmethod
    def known(digests: set[bytes]) -> Hashes:
        """Of these digests."""
        return Hashes(
            frozenset(one.hex().encode() for one in digests),
            frozenset(base64.b64encode(one).rstrip(b"=") for one in digests),
            _Index.of_bytes(digests),
        )

    def __len__(self) -> int:
        return len(self.hexadecimal)

    def found(self, data: bytes) -> Iterator[str]:
        """Hashes in these bytes: hexadecimal, base64 or raw."""
        for match in _HEX.finditer(data):
            if match[0].lower() in self.hexadecimal:
                yield match[0].decode()
        for match in _BASE64.finditer(data):
            if match[0].translate(bytes.maketrans(b"-_", b"+/")) in self.base64:
                yield match[0].decode()
        yield from self.raw.found(data)


@dataclass(frozen=True, eq=False)
class _Index:
    """Many byte strings of eight or more, found together: by their first eight bytes, then as a whole."""

    starts: UInt64[np.ndarray, " n"]
    sieve: np.ndarray[tuple[int], np.dtype[np.bool_]]
    wholes: dict[int, list[tuple[bytes, str]]]

    @staticmethod
    def of(names: Iterable[str]) -> _Index:
        """Identifiers, in UTF-8 and UTF-16."""
        return _Index._of_pairs(
            (name.encode(coding, errors="surrogatepass"), name)
            for name in names
            for coding in ("utf-8", "utf-16-le", "utf-16-be")
        )

    @staticmethod
    def of_bytes(digests: Iterable[bytes]) -> _Index:
        """Digests, called by their hexadecimal form."""
        return _Index._of_pairs((one, one.hex()) for one in digests)

    @staticmethod
    def _of_pairs(pairs: Iterable[tuple[bytes, str]]) -> _Index:
        wholes: dict[int, list[tuple[bytes, str]]] = {}
        for whole, name in pairs:
            if len(whole) >= _PREFIX:
                wholes.setdefault(int.from_bytes(whole[:_PREFIX], "little"), []).append((whole, name))
        starts = np.array(sorted(wholes), dtype=np.uint64)
        sieve = np.zeros(2**22, dtype=bool)
        sieve[_sifted(starts)] = True
        return _Index(starts, sieve, wholes)

    def found(self, data: bytes) -> Iterator[str]:
        """The names of those that occur, each once."""
        seen: set[str] = set()
        for offset in range(_PREFIX):
            n = (len(data) - offset) // _PREFIX
            if n <= 0 or not len(self.starts):
                continue
            values = np.frombuffer(data, dtype="<u8", count=n, offset=offset)
            likely = np.flatnonzero(self.sieve[_sifted(values)])
            for place in likely[_among(values[likely], self.starts)]:
                at = offset + _PREFIX * int(place)
                for whole, name in self.wholes[int(values[place])]:
                    if name not in seen and data.startswith(whole, at):
                        seen.add(name)
                        yield name


def _among(values: UInt64[np.ndarray, " n"], ordered: UInt64[np.ndarray, " m"]) -> Bool[np.ndarray, " n"]:
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[place] == values)


def _sifted(values: UInt64[np.ndarray, " n"]) -> UInt64[np.ndarray, " n"]:
    return (values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)


def _lowered(data: bytes) -> bytes:
    """The text in lower case, letters beyond ASCII too; what is no UTF-8 stays as it is."""
    if data.isascii():
        return data.lower()
    return data.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")


def _labels(images: ImageSet) -> set[str]:
    """The labels in lower case, but for those that are the name of the only patient who has them."""
    told = images.table[["label", "patient"]].dropna(subset=["label"]).astype(str)
    owners = told.groupby("label")["patient"].agg(set)
    return {str(label).lower() for label, patients in owners.items() if patients != {label}}


def _identifiers(images: ImageSet) -> set[str]:
    """Every name that a set knows; what says nothing is left out."""
    found = {images.name} if images.name else set()
    for column in ("id", "file", "patient", "study"):
        found |= set(images.table[column].dropna().astype(str).unique())
    for name in list(images.table["file"].dropna().astype(str)) + list(
        images.table["id"].dropna().astype(str)
    ):
        path = PurePosixPath(name.partition("#")[0])
        found |= {path.name, path.name.removesuffix(".gz").rpartition(".")[0]}
    return {name.strip() for name in found if name.strip()}


def _says_much(name: str) -> bool:
    letters, digits = any(c.isalpha() for c in name), sum(c.isdigit() for c in name)
    return len(name.encode()) >= _PREFIX and ((letters and digits > 0) or digits >= 10 or "/" in name)


def _is_word(name: str) -> bool:
    letters, digits = any(c.isalpha() for c in name), any(c.isdigit() for c in name)
    if len(name) >= 8:
        return name not in _words_of_ours()
    return len(name) >= 4 and letters and digits


@cache
def _words_of_ours() -> frozenset[str]:
    """The words of our own texts, in lower case."""
    from importlib import resources

    text = "".join(
        resources.files("doppelscan.release").joinpath(name).read_text(encoding="utf-8")
        for name in ("README.md.j2", "datasheet.py", "croissant.py", "record.py", "settings.py")
    )
    return frozenset(re.findall(r"[a-z]{8,}", text.lower()))


def _digests(data: bytes) -> Iterator[bytes]:
    for name in _ALGORITHMS:
        yield hashlib.new(name, data, usedforsecurity=False).digest()
