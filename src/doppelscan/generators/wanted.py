"""What shall each drawn image be? Its seed, its label, what the model is told of it, what it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.errors import InputError, Problem
from doppelscan.generators.asking import refuse_unknown
from doppelscan.generators.description import Description, labels_of
from doppelscan.generators.family import Drawing, Guide, Subject
from doppelscan.generators.strategies.derivation import Derivation, Origin
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream

__all__ = ["Wanted", "refuse_unlike"]

Columns = dict[str, str | None]


@dataclass(frozen=True, eq=False)
class Wanted:
    """What each of n images shall be.

    Attributes
    ----------
    labels
        Positions in the subject's labels, -1 where unknown.
    columns
        What the columns that the model is told hold; empty where nobody asks.
    prompts, origin
        What a model that is told words is told; what the images are made from, if from others.
    """

    seeds: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]
    columns: tuple[Columns, ...] = ()
    prompts: tuple[str, ...] | None = None
    origin: Origin | None = None

    @staticmethod
    def of(about: Description, seeds: Sequence[int], options: Drawing, origin: Origin | None) -> Wanted:
        """One image a seed: of the label asked for, or of its origin's, or of any.

        Raises
        ------
        InputError
            If no training image was of the label and the group that are asked for.
        """
        every, subject = np.array(seeds, dtype=np.int64), about.subject
        labels = _labels(about, every, options) if origin is None else labels_of(origin.images, subject)
        columns = _columns(about, labels, origin)
        say = about.kind.prompt
        if say is None:
            return Wanted(every, labels, columns, None, origin)
        made = (say(about.settings, told) for told in columns)
        prompts = tuple(made) if options.prompt is None else (options.prompt,) * len(every)
        return Wanted(every, labels, columns, prompts, origin)

    def take(self, positions: Int64[np.ndarray, " k"]) -> Wanted:
        """Some of them."""
        chosen = [int(position) for position in positions]
        return Wanted(
            self.seeds[positions],
            self.labels[positions],
            tuple(self.columns[i] for i in chosen) if self.columns else (),
            None if self.prompts is None else tuple(self.prompts[i] for i in chosen),
            None if self.origin is None else self.origin.take(positions),
        )

    def table(self, subject: Subject, *, generator: str) -> pd.DataFrame:
        """What is said of the images."""
        names = self.columns[0] if self.columns else ()
        said: dict[str, object] = {
            "id": [f"{seed:08d}" for seed in self.seeds],
            **{name: [told[name] for told in self.columns] for name in names},
            "seed": self.seeds,
            "generator": [generator] * len(self.seeds),
        }
        if self.prompts is not None:
            said |= {"strategy": ["text"] * len(self.seeds), "prompt": list(self.prompts)}
        return pd.DataFrame(said | ({} if self.origin is None else self.origin.said(subject.space)))


def refuse_unlike(
    about: Description, options: Drawing, guide: Guide | None, derivation: Derivation | None
) -> None:
    """Refuse what a model cannot do or does not know.

    Raises
    ------
    InputError
        If its family does not know an option, follows no guide or begins from no image, or it does not know the
        label; if the images that are begun from have another shape or type than its own.
    """
    family, labels = about.kind, _labels_known(about.subject)
    if guide is not None and not family.follows:
        raise InputError(Problem(f"{family.name} follows no guide", cure="diffusion of pixels does"))
    if derivation is not None:
        if not family.derives:
            what, cure = f"{family.name} begins from no image", "diffusion does"
            raise InputError(Problem(what, where="--strategy", cure=cure))
        _refuse_other_sources(derivation.sources, about)
        options, labels = replace(options, group=None, label=None), []  # they choose among the sources
    refuse_unknown(
        options,
        generator=family.name,
        known=family.options,
        labels=labels,
        unlabelled="this model is unconditional",
    )


def _labels_known(subject: Subject) -> list[str]:
    """What the column `label` may be."""
    known = (subject.told(number).get("label") for number in range(len(subject.labels)))
    return list(dict.fromkeys(label for label in known if label is not None))


def _refuse_other_sources(sources: ImageSet, about: Description) -> None:
    """Refuse images that are not as the model's own, since a part of them stays as it is."""
    shape, dtype = about.subject.shape, about.intensities.dtype
    problems = [
        Problem(f"images of {found}, and the model's are of {shape}", where=sources.name, cure="prepare them")
        for found in dict.fromkeys(sources.pixels.shapes)
        if found != shape
    ]
    if str(sources.pixels.dtype) != dtype:
        what = f"pixels are {sources.pixels.dtype}, and the model's are {dtype}"
        problems.append(Problem(what, where=sources.name, cure="prepare them as its training images"))
    if problems:
        raise InputError(problems[:5])


def _labels(about: Description, seeds: Int64[np.ndarray, " n"], options: Drawing) -> Int64[np.ndarray, " n"]:
    """The label asked for, one of those of the group asked for, or any, by the seed, as often as in training."""
    subject, counts = about.subject, np.array(about.label_counts)
    asked = ({} if options.label is None else {"label": options.label}) | dict(options.group or ())
    if not subject.labels or (options.prompt is not None and not asked):
        return np.full(len(seeds), -1)
    among = np.array(subject.numbers(asked), dtype=np.int64)
    if len(among) == 0:
        said = ", ".join(f"{name} {value}" for name, value in asked.items())
        cure = f"one of {', '.join(subject.labels)}"
        raise InputError(Problem(f"no training image was of {said}", where="--group", cure=cure))
    if len(among) == 1:
        return np.repeat(among, len(seeds))
    shares = counts[among] / counts[among].sum()
    chosen = [stream(int(seed), "label").choice(len(among), p=shares) for seed in seeds]
    return among[np.array(chosen, dtype=np.int64)]


def _columns(
    about: Description, labels: Int64[np.ndarray, " n"], origin: Origin | None
) -> tuple[Columns, ...]:
    """What is known of each image: of what is made from others, what is known of these."""
    subject = about.subject
    if origin is not None and about.kind.prompt is not None:
        return origin.columns(tuple(dict.fromkeys(("label", *getattr(about.settings, "columns", ())))))
    unknown: Columns = {"label": None}
    if not subject.labels:
        return (unknown,) * len(labels)
    return tuple(subject.told(int(number)) for number in labels)
