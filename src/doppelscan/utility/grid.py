"""Which cells are there, and what does each learn from? Granted images, and those that were made for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.utility.cells import REAL, Cell, Classifier, Job, View
from doppelscan.utility.granting import Granted, granted, labels_of
from doppelscan.utility.makers import Maker
from doppelscan.utility.probe import Learnt
from doppelscan.utility.settings import ALL, UtilitySettings

__all__ = ["Grid", "Made"]


@dataclass(frozen=True, eq=False)
class Made:
    """What a maker gave for what was granted: rows, classes, and the fold of what each was made from."""

    learnt: Learnt

    def first(self, counts: Int64[np.ndarray, " k"]) -> Learnt | None:
        """So many of each class, the first that were made; None if there are fewer."""
        labels = self.learnt.labels
        rows = [np.flatnonzero(labels == k)[:count] for k, count in enumerate(counts)]
        if any(len(mine) < count for mine, count in zip(rows, counts, strict=True)):
            return None
        return _rows(self.learnt, np.concatenate(rows).astype(np.int64))


@dataclass(eq=False)
class Grid:
    """The cells of one measurement.

    Attributes
    ----------
    classes
        The labels, in the order of their numbers.
    reverse_truth
        The classes of the synthetic images that cells of real images alone are tested on.
    absent
        Cells that cannot be: too few real images of a class, or too few synthetic ones.
    made
        What each maker gave for the most real images under the first seed, for the map.
    """

    real: ImageSet
    test: ImageSet
    makers: Sequence[Maker]
    classes: tuple[str, ...]
    settings: UtilitySettings
    classifier: Classifier
    view: View
    reverse_truth: dict[Cell, Int64[np.ndarray, " n"]] = field(default_factory=dict)
    absent: list[Cell] = field(default_factory=list)
    made: dict[str, ImageSet] = field(default_factory=dict)

    @property
    def sizes(self) -> list[int]:
        """The sizes that the real images suffice for, few images first."""
        of_class = np.bincount(labels_of(self.real, self.classes), minlength=len(self.classes))
        fewest, most = int(of_class.min()), int(of_class.max())
        some = sorted(size for size in self.settings.real_per_class if size != ALL and size <= fewest)
        there_already = fewest == most and fewest in some  # all are the cell of that size once more
        return [*some, *([ALL] if ALL in self.settings.real_per_class and not there_already else [])]

    def count(self, size: int) -> float:
        """How many real images per class a size grants: the mean over classes where that is all of them."""
        return float(size) if size != ALL else len(self.real) / len(self.classes)

    def granted(self, size: int, number: int) -> Granted:
        """The images that cells of this size and seed are granted."""
        return granted(self.real, self.classes, size, self.seed(number))

    def seed(self, number: int) -> int:
        """The seed of the repetition of this number."""
        return int(stream(self.settings.seed, "utility", number).integers(2**31))

    @property
    def most(self) -> int:
        """How many images the largest cell learns from."""
        granted = max(len(self.granted(size, 0).rows) for size in self.sizes)
        return granted * (1 + max(self.settings.ratios, default=0))

    def __len__(self) -> int:
        """How many cells there are at most."""
        ratios, alone = len(self.settings.ratios), self.settings.synthetic_alone
        each = sum(
            ratios * (2 if alone and _is_generator(m) else 1) + (alone and _is_generator(m))
            for m in self.makers
        )
        return self.settings.n_seeds * len(self.sizes) * (1 + each)

    def __iter__(self) -> Iterator[Job]:
        """Every cell with what it learns from, all of one seed and size together."""
        if not self.sizes:
            sizes = ", ".join(map(str, self.settings.real_per_class))
            what = f"no class size of {sizes} fits the real images"
            raise InputError(Problem(what, where=self.real.name, cure="ask for fewer, or for 0: all"))
        asked, real = self.view.of(self.test), self.view.of(self.real)
        for number in range(self.settings.n_seeds):
            for size in self.sizes:
                yield from self._cells(size, number, real, asked)

    def _cells(
        self, size: int, number: int, real: Shaped[np.ndarray, "n *d"], asked: Shaped[np.ndarray, "m *d"]
    ) -> Iterator[Job]:
        mine = self.granted(size, number)
        learnt = Learnt(real[mine.rows], mine.labels, mine.folds)
        nothing = _rows(learnt, np.empty(0, np.int64))
        yield self._job(Cell(REAL, size, 0, number), learnt, nothing, asked)
        for maker in self.makers:
            made = self._make(maker, mine, size, number)
            for ratio in self.settings.ratios:
                added = made.first(mine.per_class(len(self.classes)) * ratio)
                if added is None:
                    self.absent.append(Cell(maker.name, size, ratio, number))
                    continue
                yield self._job(Cell(maker.name, size, ratio, number), learnt, added, asked)
                if self.settings.synthetic_alone and _is_generator(maker):
                    yield self._job(Cell(maker.name, size, ratio, number, "alone"), nothing, added, asked)
            if self.settings.synthetic_alone and _is_generator(maker) and len(made.learnt.labels):
                there = Cell(maker.name, size, 0, number, "reverse")
                self.reverse_truth[there] = made.learnt.labels
                yield self._job(there, learnt, nothing, made.learnt.features)

    def _make(self, maker: Maker, mine: Granted, size: int, number: int) -> Made:
        """What a maker gives at the largest ratio; smaller ones take the first of it."""
        of_granted = self.real.take(mine.rows)
        counts = mine.per_class(len(self.classes)) * max(self.settings.ratios, default=0)
        wanted = {name: int(count) for name, count in zip(self.classes, counts, strict=True)}
        images = maker.make(of_granted, wanted, self.seed(number))
        labels, folds = self._labels(maker, images), _folds(images, of_granted, mine)
        made = Made(Learnt(self.view.of(images), labels, folds))
        if number == 0:
            self.made[maker.name] = images
        return made

    def _labels(self, maker: Maker, images: ImageSet) -> Int64[np.ndarray, " n"]:
        labels = labels_of(images, self.classes)
        if (labels < 0).any():
            others = sorted({str(label) for label in images.table["label"][labels < 0]})
            what = f"images labelled {', '.join(others[:5])}, which no real one is"
            raise InputError(
                Problem(what, where=images.name or maker.name, cure="give both sets the same labels")
            )
        return labels

    def _job(self, cell: Cell, real: Learnt, added: Learnt, asked: Shaped[np.ndarray, "m *d"]) -> Job:
        return Job(cell, self.seed(cell.seed), real, added, asked, len(self.classes), self.classifier)


def _is_generator(maker: Maker) -> bool:
    """Whether a maker's images are worth a classifier of their own: real ones again are not."""
    return maker.name not in {"duplicated", "augmented"}


def _folds(images: ImageSet, of_granted: ImageSet, mine: Granted) -> Int64[np.ndarray, " n"]:
    """The fold of the granted image that each was made from; -1 where none is named."""
    if "source_id" not in images.table:
        return np.full(len(images), -1, dtype=np.int64)
    fold = dict(zip(of_granted.table["id"], mine.folds.tolist(), strict=True))
    return np.array([fold.get(source, -1) for source in images.table["source_id"]], dtype=np.int64)


def _rows(learnt: Learnt, rows: Int64[np.ndarray, " n"]) -> Learnt:
    return Learnt(learnt.features[rows], learnt.labels[rows], learnt.folds[rows])
