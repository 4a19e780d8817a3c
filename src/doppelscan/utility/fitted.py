"""How does a generator come to know what the classifier knows, and no more? It is fitted anew each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from doppelscan.generators import Drawing, Generator, Keeping, family_of, fit, open_generator
from doppelscan.generators.family import Settings
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.joining import joined
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress, silent

__all__ = ["Drawn", "Refitted"]

_VERSION = 1


@dataclass(frozen=True, eq=False)
class Refitted:
    """A family of generators, trained on exactly the granted images: one model if it learns labels, else one a label.

    Models and what they drew are kept in the cache, where a training that was cut off goes on.
    """

    settings: Settings
    resources: Resources = field(default_factory=Resources)
    progress: Progress = silent
    label: str = ""
    refitted: bool = True

    @property
    def name(self) -> str:
        """The family, unless it was given another name."""
        return self.label or family_of(self.settings).name

    @property
    def fingerprint(self) -> str:
        """The family and its settings."""
        return fingerprint([family_of(self.settings).name, asdict(self.settings), _VERSION])  # type: ignore[call-overload]

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """So many images of each label, by a model that was fitted to `granted`."""
        conditional = bool(getattr(self.settings, "conditional", False))
        labels = granted.table["label"].to_numpy()
        parts: dict[str, ImageSet] = {}
        for label in (name for name, count in counts.items() if count):
            mine = granted if conditional else granted.take(np.flatnonzero(labels == label))
            parts[label] = self._drawn(mine, label, counts[label], seed, conditional=conditional)
        return joined(parts)

    def _drawn(self, mine: ImageSet, label: str, count: int, seed: int, *, conditional: bool) -> ImageSet:
        drawn_for = "" if conditional else label
        key = {"images": mine.fingerprint, "maker": self.fingerprint, "seed": seed, "label": drawn_for}
        folder = Cache.default().path("utility-generators", key)
        model = fit(
            mine,
            self.settings,
            out=folder / "model",
            seed=int(stream(seed, "utility generator", drawn_for).integers(2**31)),
            keeping=Keeping(last=1),
            resources=self.resources,
            progress=self.progress,
        )
        first = int(stream(seed, "utility samples", label).integers(2**30))
        options = Drawing(label=label) if conditional else None
        out = folder / fingerprint([label, count, first])[:16]
        images = model.sample_to(range(first, first + count), out, options, progress=self.progress)
        return ImageSet(images.table.assign(label=label), images.pixels, name=images.name)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A model that is there already: it may know more real images than the classifier is granted."""

    model: Generator
    name: str = "synthetic"
    refitted: bool = False

    @staticmethod
    def open(folder: str | Path, device: str = "auto") -> Drawn:
        """The generator in a folder."""
        return Drawn(open_generator(folder, device=device), name=Path(folder).name)

    @property
    def fingerprint(self) -> str:
        """That of the model."""
        return self.model.fingerprint

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """So many images of each label, whatever was granted."""
        parts = {}
        for label in (name for name, count in counts.items() if count):
            first = int(stream(seed, "utility samples", label).integers(2**30))
            parts[label] = self.model.sample(range(first, first + counts[label]), Drawing(label=label))
        return joined(parts)
