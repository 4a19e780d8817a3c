"""What witnesses name for a whole set, found shard by shard and kept: an interrupted search goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from doppelscan.audit.witnesses import Exclude, Kind, Matcher, Witness
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.versions import code_versions
from doppelscan.search import Blocks, Neighbours, joined
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress, silent

__all__ = ["Search"]

_VERSION = 2  # of what the search finds; part of the cache's key
_SHARD = 4096  # queries searched between two writes to the cache
_SLOW_SHARD = 256  # the same where several witnesses are heard


@dataclass(frozen=True, eq=False)
class Search:
    """One search of the images most like each query, by every witness who has seen the set."""

    images: ImageSet
    heard: tuple[tuple[Witness, Matcher], ...]
    k: int
    exclude: Exclude | None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of evidence, in the order of what is found."""
        return tuple(kind for witness, _ in self.heard for kind in witness.kinds)

    def once(self, queries: Blocks, resources: Resources) -> tuple[Neighbours, ...]:
        """The neighbours of every query for each kind of evidence, not kept."""
        return self._found(queries, self.exclude, resources, _Pairs("", 0, 0, 1, silent))

    def run(
        self, queries: ImageSet, work: str, resources: Resources, progress: Progress
    ) -> tuple[Neighbours, ...]:
        """The neighbours of every query for each kind of evidence; progress counts pairs of images."""
        total = len(queries) * len(self.images)
        size = _SHARD if len(self.kinds) == 1 else _SLOW_SHARD
        progress(work, 0, total)
        parts = []
        for start in range(0, len(queries), size):
            shard = slice(start, min(start + size, len(queries)))
            pairs = _Pairs(work, start * len(self.images), total, len(self.heard), progress)
            parts.append(self._shard(queries, shard, resources, pairs))
            progress(work, shard.stop * len(self.images), total)
        return tuple(joined(of_kind) for of_kind in zip(*parts, strict=True))

    def _shard(
        self, queries: ImageSet, shard: slice, resources: Resources, pairs: _Pairs
    ) -> tuple[Neighbours, ...]:
        """The neighbours of one shard of queries, from the cache where they were found before."""
        part = queries.take(np.arange(shard.start, shard.stop))
        groups = None if self.exclude is None else (self.exclude[0][shard], self.exclude[1])
        key = {
            "version": _VERSION,
            "code": code_versions(),
            "witnesses": [witness.key for witness, _ in self.heard],
            "queries": part.pixels.fingerprint,
            "references": self.images.pixels.fingerprint,
            "patients": fingerprint(self.images.patients.tobytes()),
            "k": self.k,
            "exclude": None if groups is None else [fingerprint(group.tobytes()) for group in groups],
        }
        table = Cache.default().table(
            "neighbours", key, lambda: _as_table(self._found(part, groups, resources, pairs))
        )
        return tuple(_from_table(of_kind, len(part)) for _, of_kind in table.groupby("kind", sort=True))

    def _found(
        self, queries: Blocks, exclude: Exclude | None, resources: Resources, pairs: _Pairs
    ) -> tuple[Neighbours, ...]:
        return tuple(
            found
            for _, matcher in self.heard
            for found in matcher.named(queries, self.k, exclude, resources, pairs.add)
        )


def _as_table(found: Sequence[Neighbours]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"kind": kind, "index": one.indices.ravel(), "score": one.scores.ravel()})
        for kind, one in enumerate(found)
    ]
    return pd.concat(parts, ignore_index=True)


def _from_table(table: pd.DataFrame, m: int) -> Neighbours:
    index, score = (table[of].to_numpy().reshape(m, -1) for of in ("index", "score"))
    return Neighbours(index, score, np.zeros_like(index))


@dataclass
class _Pairs:
    """How many pairs of images have been compared so far; each of them by so many witnesses."""

    work: str
    done: float
    total: int
    n_witnesses: int
    progress: Progress

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs / self.n_witnesses
        self.progress(self.work, min(int(self.done), self.total), self.total)
