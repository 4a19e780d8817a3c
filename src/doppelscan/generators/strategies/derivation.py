"""Which real image is each synthetic one made from, which part of it is drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64, Shaped

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.generators.family import Drawing
from doppelscan.generators.strategies.strategy import Strategy
from doppelscan.images.regions import region_text
from doppelscan.imagesets import ImageSet
from doppelscan.store import fingerprint

__all__ = ["Derivation", "Origin"]


@dataclass(frozen=True, eq=False)
class Derivation:
    """A strategy, the real images that it begins from and, if there are any, masks of them.

    A mask belongs to the image whose id, but for what follows the last dot, is its own; its pixels above half of
    its largest value are meant.
    """

    strategy: Strategy
    sources: ImageSet
    masks: ImageSet | None = None

    def __post_init__(self) -> None:
        if self.strategy.name == "text":
            raise InputError(Problem("text begins from no image", where="--source", cure="leave it out"))
        if len(self.sources) == 0:
            raise InputError(Problem("holds no image", where=self.sources.name))

    def origin(self, turns: Sequence[int], options: Drawing) -> Origin:
        """What each image is made from: the turn-th source, counted round, of the label and the group asked for.

        Raises
        ------
        InputError
            If no source is of these, or one has no mask where masks are given.
        """
        chosen = self._chosen(options)
        masked = None if self.masks is None else self._mask_of[chosen]
        if masked is not None and (bare := chosen[masked < 0]).size:
            what = f"{bare.size} sources have no mask, such as {self.sources.table['id'].iloc[bare[0]]}"
            raise InputError(Problem(what, where=self.sources.name, cure="name masks as their images"))
        turn = np.asarray(turns, dtype=np.int64) % len(chosen)
        return Origin(self, chosen[turn], None if masked is None else masked[turn])

    def _chosen(self, options: Drawing) -> Int64[np.ndarray, " s"]:
        """The sources of the label and the group that are asked for."""
        table, kept = self.sources.table, np.ones(len(self.sources), dtype=bool)
        wanted = dict(options.group or ())
        if options.label is not None:
            wanted["label"] = options.label
        for name, value in wanted.items():
            of_image: pd.Series[str] | None = table.get(name)
            kept &= False if of_image is None else (of_image.astype(str) == value).to_numpy()
        if not kept.any():
            said = ", ".join(f"{name} {value}" for name, value in wanted.items())
            raise InputError(Problem(f"no image is of {said}", where=self.sources.name))
        return np.flatnonzero(kept)

    @cached_property
    def _mask_of(self) -> Int64[np.ndarray, " s"]:
        """The position of each source's mask, -1 where it has none."""
        assert self.masks is not None, "asked for before"
        found = pd.Index(self.masks.table["id"].map(_stem)).get_indexer(self.sources.table["id"].map(_stem))
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Origin:
    """The source of each of n images by its position, and that of its mask."""

    derivation: Derivation
    source: Int64[np.ndarray, " n"]
    mask: Int64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.source)

    @property
    def strategy(self) -> Strategy:
        """How they are made."""
        return self.derivation.strategy

    @property
    def images(self) -> ImageSet:
        """The source of each image."""
        return self.derivation.sources.take(self.source)

    def columns(self, names: Sequence[str]) -> tuple[dict[str, str | None], ...]:
        """What these columns hold of each source; null where there is none."""
        table = self.derivation.sources.table.reindex(columns=list(names)).iloc[self.source]
        texts = [[None if pd.isna(v) else str(v) for v in row] for row in table.to_numpy(object)]
        return tuple(dict(zip(names, row, strict=True)) for row in texts)

    def said(self, space: tuple[int, ...]) -> dict[str, object]:
        """The columns that tell how each image was made."""
        return {
            "strategy": self.strategy.name,
            "source_id": self.derivation.sources.table["id"].to_numpy()[self.source],
            "region": self.regions(space),
        }

    @property
    def fingerprint(self) -> str:
        """What tells the images that are begun from, and how, from all others."""
        sources, masks = self.derivation.sources, self.derivation.masks
        given = [sources.pixels.fingerprint, self.source.tolist()]
        masked = [] if masks is None or self.mask is None else [masks.pixels.fingerprint, self.mask.tolist()]
        return fingerprint([asdict(self.strategy), *given, *masked])

    def take(self, positions: Int64[np.ndarray, " k"]) -> Origin:
        """Those of some of the images."""
        return replace(
            self, source=self.source[positions], mask=None if self.mask is None else self.mask[positions]
        )

    def pixels(self) -> Shaped[np.ndarray, "n c *space"]:
        """The sources' pixels.

        Raises
        ------
        UnreadableImage
            If one cannot be read.
        """
        known = {int(i): self.derivation.sources[int(i)].pixels for i in np.unique(self.source)}
        return np.stack([known[int(i)] for i in self.source])

    def passes(self, space: tuple[int, ...]) -> list[Bool[np.ndarray, "n *space"]]:
        """What is drawn anew of each image, one pass after the other.

        Raises
        ------
        UnreadableImage
            If a mask cannot be read, is of another shape, or covers nothing or all.
        """
        if self.mask is None:
            return [np.repeat(one[None], len(self), axis=0) for one in self.strategy.passes(space)]
        each = [list(self.strategy.passes(space, self._mask(int(k), space))) for k in self.mask]
        return [np.stack(of_pass) for of_pass in zip(*each, strict=True)]

    def regions(self, space: tuple[int, ...]) -> list[str | None]:
        """What was drawn anew of each image in any pass, as text; None where that is the whole, or is not known."""
        if self.mask is None:
            whole = np.logical_or.reduce(list(self.strategy.passes(space)))
            return [None if whole.all() else region_text(whole)] * len(self)
        known = {int(k): self._region(int(k), space) for k in np.unique(self.mask)}
        return [known[int(k)] for k in self.mask]

    def _region(self, mask: int, space: tuple[int, ...]) -> str | None:
        try:
            whole = np.logical_or.reduce(list(self.strategy.passes(space, self._mask(mask, space))))
        except UnreadableImage:  # its images are not drawn
            return None
        return None if whole.all() else region_text(whole)

    def _mask(self, position: int, space: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
        assert self.derivation.masks is not None, "there are masks"
        values = self.derivation.masks[position].pixels.max(axis=0)
        name = self.derivation.masks.table["id"].iloc[position]
        if values.shape != space:
            raise UnreadableImage(f"its mask {name} is of {values.shape}, not {space}")
        mask: Bool[np.ndarray, "*space"] = values > values.max() / 2
        if not mask.any() or mask.all():
            raise UnreadableImage(f"its mask {name} covers {'all' if mask.all() else 'nothing'}")
        return mask


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.with_suffix("").as_posix() if path.name else name
