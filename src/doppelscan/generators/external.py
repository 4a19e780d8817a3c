"""What are images that were made elsewhere? A generator that draws them in a fixed order and says where they are from.

::

    MODEL/images/           the images, an imageset
    MODEL/external.json     what their owner says of them, and their fingerprint; written last
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.generators.asking import refuse_unknown
from doppelscan.generators.family import Drawing
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.imagesets.imageset import with_columns
from doppelscan.settings import Resources
from doppelscan.store import contents, fingerprint, locked, read_json, write_json
from doppelscan.workers import Progress, silent

__all__ = ["External", "Provenance", "adopt", "is_external"]

_FORMAT = "doppelscan-external/1"


@dataclass(frozen=True)
class Provenance:
    """Where images are from, as their owner says; None where nothing is said.

    Attributes
    ----------
    tool
        The program or service that made them.
    model
        Which model of it, with its version.
    settings
        How it was asked: prompts, steps, guidance, in words.
    made_on
        When, as YYYY-MM-DD.
    licence
        Under which they may be used.
    """

    tool: str
    model: str | None = None
    settings: str | None = None
    made_on: str | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.tool.strip():
            problems.append(Problem("is empty", where="tool", cure="what made the images"))
        if self.made_on is not None and not _is_date(self.made_on):
            problems.append(Problem(f"is {self.made_on!r}", where="made_on", cure="such as 2026-11-21"))
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, eq=False)
class External:
    """Images made elsewhere, ready to be drawn: seed k is the k-th of them."""

    folder: Path
    provenance: Provenance
    images: ImageSet

    @staticmethod
    def open(folder: str | Path) -> External:
        """What `adopt` wrote.

        Raises
        ------
        FormatError
            If a file is absent, damaged or of another version, or the images are not those that were adopted.
        """
        folder = Path(folder)
        path = folder / "external.json"
        content, images = read_json(path, expected=_FORMAT), open_images(folder / "images")
        try:
            provenance = Provenance(**content["provenance"])
        except (KeyError, TypeError, AttributeError, InputError) as error:
            raise FormatError(Problem(f"is damaged: {error}", where=str(path))) from error
        if content.get("images") != images.pixels.fingerprint:
            raise FormatError(Problem("is of other images than those beside it", where=str(path)))
        return External(folder, provenance, images)

    @cached_property
    def fingerprint(self) -> str:
        """What the generator is, told from its images and what is said of them."""
        return fingerprint([self.images.fingerprint, asdict(self.provenance)])

    def sample(self, seeds: Sequence[int], options: Drawing | None = None) -> ImageSet:
        """One image a seed: the k-th, or the k-th of the label that is asked for; its id is its seed.

        The table keeps the images' own columns, those whose names are taken as `original_...`, and says the seed,
        the generator (its fingerprint) and the provenance.

        Raises
        ------
        InputError
            If there are fewer images, or an option or the label is unknown.
        """
        options = options or Drawing()
        chosen = self._chosen(options)
        self._refuse_beyond(seeds, len(chosen))
        rows = chosen[np.asarray(seeds, dtype=np.int64)]
        said = {
            "id": [f"{seed:08d}" for seed in seeds],
            "seed": list(seeds),
            "generator": f"external-{self.fingerprint[:12]}",
            **asdict(self.provenance),
        }
        own = self.images.table.iloc[rows].reset_index(drop=True)
        table = own.rename(columns={name: f"original_{name}" for name in said if name in own}).assign(**said)
        return ImageSet(with_columns(table), self.images.pixels.take(rows), name=f"samples of {self.folder}")

    def sample_to(
        self,
        seeds: Sequence[int],
        out: Path,
        options: Drawing | None = None,
        *,
        progress: Progress = silent,
    ) -> ImageSet:
        """The same, written to a folder; a call that was cut off goes on where it stood when it is made again."""
        return save(self.sample(seeds, options), out, progress=progress)

    def _chosen(self, options: Drawing) -> Int64[np.ndarray, " n"]:
        """Which images there are to draw from."""
        of_each = self.images.table["label"]
        labels = sorted(of_each.dropna().unique())
        refuse_unknown(
            options, generator="external", known=(), labels=labels, unlabelled="these images have no labels"
        )
        every = np.arange(len(self.images), dtype=np.int64)
        return every if options.label is None else every[(of_each == options.label).to_numpy()]

    def _refuse_beyond(self, seeds: Sequence[int], n: int) -> None:
        if beyond := [seed for seed in seeds if not 0 <= seed < n]:
            what = f"there is no image {beyond[0]}: {n} images were made elsewhere, and no more can be drawn"
            raise InputError(Problem(what, where=str(self.folder), cure=f"--seeds 0-{n - 1}"))


def adopt(
    images: ImageSet,
    out: Path,
    provenance: Provenance,
    *,
    preparation: Preparation | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> External:
    """The generator of these images, which are kept in the folder `out` with their provenance.

    An interrupted call goes on where it stood when it is made again; one that is finished is opened.

    Raises
    ------
    InputError
        If images end up with different shapes, or `out` holds something else.
    """
    with locked(out):
        _refuse_other(out, provenance)
        kept = save(images, out / "images", preparation=preparation, resources=resources, progress=progress)
        about = {"provenance": asdict(provenance), "images": kept.pixels.fingerprint}
        write_json(out / "external.json", {"format": _FORMAT} | about)
    return External.open(out)


def is_external(folder: Path) -> bool:
    """Whether images that were made elsewhere are here."""
    return (folder / "external.json").is_file()


def _refuse_other(out: Path, provenance: Provenance) -> None:
    """Refuse a folder that holds something else, or these images as another's."""
    if is_external(out):
        said = read_json(out / "external.json", expected=_FORMAT).get("provenance")
        if said != asdict(provenance):
            cure = "name another folder, or say the same of them"
            raise InputError(Problem(f"says of its images: {_in_words(said)}", where=str(out), cure=cure))
    elif contents(out) - {"images"} or (out.exists() and not out.is_dir()):
        raise InputError(
            Problem("exists and holds something else", where=str(out), cure="name another folder")
        )


def _in_words(said: object) -> str:
    values = said if isinstance(said, dict) else {}
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
