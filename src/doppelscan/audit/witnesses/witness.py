"""What a witness is: it names the images that a query resembles, with a score, for one or several kinds of evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Neighbours
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["CORRELATION", "Exclude", "Kind", "Matcher", "Witness", "fisher_z"]

Exclude = tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " n"]]

_NEAREST_TO_ONE = 1 - 1e-9  # where Fisher's z is cut off: 10.7


@dataclass(frozen=True)
class Kind:
    """A kind of evidence: its name, and the scale on which the difference of two scores says the same everywhere."""

    name: str
    scale: Callable[[Float64[np.ndarray, "*m"]], Float64[np.ndarray, "*m"]]


@runtime_checkable
class Matcher(Protocol):
    """A witness who has seen a set: what is made of its images once, for all queries."""

    def named(
        self,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> tuple[Neighbours, ...]:
        """For each kind of evidence the images of the set that each query resembles most, best first.

        Pairs of one group of `exclude` are left out. What is said of a query does not depend on the others.
        `progress` is told how many more pairs of images have been compared.
        """
        ...


@runtime_checkable
class Witness(Protocol):
    """One way to see that images are alike; `kinds` are those of its evidence, in the order of what it names."""

    @property
    def key(self) -> str:
        """What the scores depend on besides the images; part of the key of what is kept in the cache."""
        ...

    @property
    def learnt(self) -> bool:
        """Whether it was learnt from images, so that these are no fair null."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its evidence."""
        ...

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> Matcher:
        """The witness, having seen these images."""
        ...


def fisher_z(correlation: Float64[np.ndarray, "*m"]) -> Float64[np.ndarray, "*m"]:
    """Fisher's z, on which correlations near 1 keep their distance; cut off at 1 - 1e-9."""
    return np.asarray(np.arctanh(np.clip(correlation, -_NEAREST_TO_ONE, _NEAREST_TO_ONE)))


CORRELATION = Kind("correlation", fisher_z)
