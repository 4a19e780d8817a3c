"""What is one cell of the grid? It is made once, and after that read."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from doppelscan.errors import FormatError
from doppelscan.imagesets import ImageSet
from doppelscan.store import Cache, fingerprint, read_tensors, write_tensors
from doppelscan.store.cache import if_possible
from doppelscan.utility.probe import Learnt, probe
from doppelscan.workers import single_threaded_algebra

__all__ = ["REAL", "Cell", "Classifier", "Job", "Probe", "View", "told_by"]

REAL = "real"  # the arm of real images alone
_FORMAT = "doppelscan-utility-cell/1"


@dataclass(frozen=True)
class Cell:
    """One classifier: what it learns from and what it is tested on.

    Attributes
    ----------
    arm
        Where the images that join the real ones come from; `real` where none do.
    size
        Real images per class as they were asked for; 0: all.
    per_real
        Synthetic images for each real one.
    part
        `joined`: real and synthetic; `alone`: synthetic only; `reverse`: real only, tested on synthetic ones.
    """

    arm: str
    size: int
    per_real: int
    seed: int
    part: str = "joined"


@runtime_checkable
class View(Protocol):
    """What a classifier sees of a set: one row an image."""

    def of(self, images: ImageSet) -> Shaped[np.ndarray, "n *d"]:
        """The row of each image."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """Whatever learns from labelled images and then tells the class of others; small enough to send to a process."""

    @property
    def fingerprint(self) -> str:
        """What it does, told from its settings and the version of its code."""
        ...

    def bytes_for(self, n: int, n_bytes: int, n_classes: int) -> int:
        """Of memory at most, to learn from `n` images whose rows have so many bytes each, these rows among it."""
        ...

    def tell(
        self, real: Learnt, added: Learnt, asked: Shaped[np.ndarray, "m *d"], n_classes: int, seed: int
    ) -> tuple[np.ndarray, float]:
        """Probabilities (m, k), and what it chose on granted images: a penalty, or a number of steps."""
        ...


@dataclass(frozen=True)
class Probe:
    """A linear classifier; its images are vectors of an encoder."""

    @property
    def fingerprint(self) -> str:
        """The version of the probe."""
        return fingerprint(["probe", 3])

    def bytes_for(self, n: int, n_bytes: int, n_classes: int) -> int:
        """The float32 rows, twice in float64, and four float64 a class while it is fitted."""
        return n * (5 * n_bytes + 32 * n_classes)

    def tell(
        self, real: Learnt, added: Learnt, asked: Shaped[np.ndarray, "m *d"], n_classes: int, seed: int
    ) -> tuple[np.ndarray, float]:
        """Probabilities and the penalty; nothing is drawn."""
        return probe(real, added, asked, n_classes)


@dataclass(frozen=True, eq=False)
class Job:
    """A cell with all that it comes out of, as a child process needs it."""

    cell: Cell
    seed: int
    real: Learnt
    added: Learnt
    asked: Shaped[np.ndarray, "m *d"]
    n_classes: int
    classifier: Classifier

    @property
    def key(self) -> dict[str, object]:
        """The content of everything that the cell depends on."""
        arrays = [*_content(self.real), *_content(self.added), fingerprint(_bytes(self.asked))]
        return {
            "arrays": arrays,
            "by": self.classifier.fingerprint,
            "n": self.n_classes,
            "seed": self.seed,
        }


def told_by(job: Job) -> tuple[Float32[np.ndarray, "m k"], float]:
    """The probabilities that a cell's classifier gives, and what it chose; read where they were made before."""
    path = Cache.default().path("utility-cells", job.key, ".safetensors")
    with contextlib.suppress(FormatError):
        kept, _ = read_tensors(path, expected=_FORMAT)
        return kept["told"], float(kept["chosen"][0])
    with single_threaded_algebra():
        told, chosen = job.classifier.tell(job.real, job.added, job.asked, job.n_classes, job.seed)
    kept = {"told": told.astype(np.float32), "chosen": np.array([chosen], np.float64)}
    with if_possible():
        write_tensors(path, kept, {"format": _FORMAT})
    return kept["told"], chosen


def _content(learnt: Learnt) -> list[str]:
    return [fingerprint(_bytes(array)) for array in (learnt.features, learnt.labels, learnt.folds)]


def _bytes(array: np.ndarray) -> bytes:
    return f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes()
