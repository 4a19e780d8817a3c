"""What a set of images is: a table, pixels that are read when asked for, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64, Shaped
from pandas.api.types import is_numeric_dtype

from doppelscan.errors import InputError, Problem
from doppelscan.images import Image
from doppelscan.imagesets.pixels import ArrayPixels, Pixels
from doppelscan.imagesets.tables import as_text
from doppelscan.store import fingerprint

__all__ = ["COLUMNS", "ImageSet", "Unreadable", "by_reason"]

COLUMNS = ("id", "file", "patient", "study", "label")


@dataclass(frozen=True)
class Unreadable:
    """A file, or one image of it, that could not be read, and why."""

    where: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageSet:
    """An ordered, immutable set of images, real or synthetic.

    Attributes
    ----------
    table
        One row an image: `id, file, patient, study, label` (strings; null where unknown), then any columns
        of the user's own.
    pixels
        The images themselves, read when asked for, in the order of the table.
    name
        Where the set was opened, for people.
    unreadable
        What was found there and could not be read.
    preparation
        How the pixels were made from those of the source, as plain values; empty if they are the source's.
    source
        The fingerprint of the source's pixels, if the set was prepared on the way here.
    patients_from
        What named the patients, for people; empty where nothing is known of it.
    stretched
        How many images were stretched by which factors on the way here, if the set was prepared on it.
    """

    table: pd.DataFrame
    pixels: Pixels
    name: str = ""
    unreadable: tuple[Unreadable, ...] = ()
    preparation: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    patients_from: tuple[str, ...] = ()
    stretched: Mapping[tuple[float, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert tuple(self.table.columns[: len(COLUMNS)]) == COLUMNS, list(self.table.columns)
        assert len(self.table) == len(self.pixels), (len(self.table), len(self.pixels))

    @staticmethod
    def from_arrays(
        pixels: Shaped[np.ndarray, "n c *space"], table: pd.DataFrame | None = None, *, name: str = ""
    ) -> ImageSet:
        """A set held in memory; missing columns of `table` become null, and ids count from 0.

        Numbers in the columns that every set has become text, as in a table that is read: `7`, never `7.0`; so do, in
        the others, dates and whatever else is neither number nor text.
        """
        table = pd.DataFrame(index=range(len(pixels))) if table is None else table.reset_index(drop=True)
        table = table.rename(columns=str)
        if "id" not in table:
            table = table.assign(id=[f"{position:06d}" for position in range(len(pixels))])
        others = [name for name in table.columns if name not in COLUMNS and not is_numeric_dtype(table[name])]
        told = {name: table[name].astype(object).map(_said) for name in COLUMNS if name in table}
        told |= {name: table[name].astype(object).map(_plain) for name in others}
        return ImageSet(with_columns(table.assign(**told)), ArrayPixels(pixels), name=name)

    def _repr_html_(self) -> str:
        """What the set holds and its first images, as a notebook shows it."""
        from doppelscan.imagesets.showing import shown

        return shown(self)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, position: int) -> Image:
        return self.pixels.image(range(len(self))[position])

    def __iter__(self) -> Iterator[Image]:
        return (self[position] for position in range(len(self)))

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of consecutive images of one shape."""
        return self.pixels.read(start, stop)

    def take(self, positions: Sequence[int] | Int64[np.ndarray, " n"]) -> ImageSet:
        """The set of the images at these positions, in this order."""
        chosen = np.asarray(positions, dtype=np.int64)
        return replace(
            self, table=self.table.iloc[chosen].reset_index(drop=True), pixels=self.pixels.take(chosen)
        )

    def positions(self, ids: Sequence[str]) -> Int64[np.ndarray, " n"]:
        """Where the images of these ids are.

        Raises
        ------
        InputError
            If some are not in the set, all of them named.
        """
        found = pd.Index(self.table["id"]).get_indexer(pd.Index(ids))
        if missing := [name for name, position in zip(ids, found, strict=True) if position < 0]:
            raise InputError(Problem(f"holds no image {', '.join(map(repr, missing[:5]))}", where=self.name))
        return np.asarray(found, dtype=np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (c, *space) that all images have.

        Raises
        ------
        InputError
            If they have several, or there is none; it names the cure.
        """
        shapes = Counter(self.pixels.shapes)
        if len(shapes) == 1:
            return next(iter(shapes))
        if not shapes:
            raise InputError(Problem("holds no image", where=self.name))
        names = zip(reversed(self.pixels.shapes), reversed(self.table["id"].tolist()), strict=True)
        raise InputError(_shapes_differ(self.name, shapes, dict(names)))

    @property
    def patients(self) -> Int64[np.ndarray, " n"]:
        """A number for each image's patient; an image of unknown patient counts as a patient of its own."""
        known = self.table["patient"]
        keys = known.where(known.notna(), "\0" + self.table["id"])
        return np.asarray(pd.factorize(keys)[0], dtype=np.int64)

    @property
    def patients_known(self) -> bool:
        """Whether every image names its patient."""
        return bool(self.table["patient"].notna().all())

    @property
    def fingerprint(self) -> str:
        """What the set is, told from the content of its images, its table and its preparation."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict(orient="split", index=False)
        return fingerprint(
            {"pixels": self.pixels.fingerprint, "table": rows, "preparation": dict(self.preparation)}
        )

    @property
    def content(self) -> str:
        """What lay where the set was opened, told from the images there, whatever was made or said of them since."""
        return self.source or self.pixels.fingerprint


def by_reason(unreadable: Sequence[Unreadable]) -> list[Problem]:
    """One problem for each reason, the most frequent first, naming the first places where it was met."""
    places: dict[str, list[str]] = {}
    for one in unreadable:
        places.setdefault(one.reason, []).append(one.where)
    return [
        Problem(reason, where=", ".join(met[:3]) + (f" and {len(met) - 3} more" if len(met) > 3 else ""))
        for reason, met in sorted(places.items(), key=lambda item: -len(item[1]))
    ]


def with_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with all columns that a set has, in their order; what is unknown in a column of text is None."""
    full = table.assign(**{name: None for name in COLUMNS if name not in table}).reset_index(drop=True)
    ordered = full[[*COLUMNS, *(name for name in full.columns if name not in COLUMNS)]].copy()
    for name in ordered:
        if name in COLUMNS or not is_numeric_dtype(ordered[name]):
            text = ordered[name].astype(object)
            ordered[name] = text.where(text.notna(), None)
    return ordered


def _said(value: object) -> str | None:
    return value if isinstance(value, str) else as_text(value)


def _plain(value: object) -> str | float | None:
    return value if isinstance(value, float | int) and value == value else _said(value)  # noqa: PLR0124 - NaN


def _shapes_differ(
    name: str, shapes: Mapping[tuple[int, ...], int], first: Mapping[tuple[int, ...], str]
) -> Problem:
    """What is wrong; of each shape but the most common one the `first` image is named."""
    common, *rarer = sorted(shapes, key=lambda shape: -shapes[shape])[:3]
    told = [f"{_by(common)} ({shapes[common]})"]
    told += [
        f"{_by(one)} ({shapes[one]}{':' if shapes[one] == 1 else ', such as'} {first[one]})" for one in rarer
    ]
    listed = ", ".join(told)
    more = f" and {len(shapes) - 3} more" if len(shapes) > 3 else ""
    channels = len({shape[0] for shape in shapes}) > 1
    cure = "prepare them first with `doppelscan prepare`, or give --size 128" + (
        " --channels grey" if channels else ""
    )
    return Problem(
        f"images of {len(shapes)} shapes: {listed}{more}", where=name, cure=cure, page="howto/prepare.md"
    )


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
