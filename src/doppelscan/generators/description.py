"""What does `model.json` say? Which family, with which settings, was fitted to which images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.generators.family import BETWEEN, UNTOLD, AnyFamily, Settings, Subject
from doppelscan.generators.intensities import Intensities
from doppelscan.generators.options import settings_of
from doppelscan.generators.registry import family_named, family_of
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.pixels import ArrayPixels, ZarrPixels
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, read_json, write_json

__all__ = ["Description", "labels_of"]

_FORMAT = "doppelscan-model/1"


@dataclass(frozen=True)
class Description:
    """All that a model is besides its weights.

    Attributes
    ----------
    label_counts
        Training images of each of the subject's labels.
    trained_on, held_out
        Which images: `name`, `fingerprint`, `n_images`, `n_patients`, `patients_known`; empty without a holdout. Of
        those that a conditional model is trained on also `labels`, the fingerprint of what it is told of each.
    amended
        Where training went on with other settings: `seen`, and the `settings` until then.
    spacing_mm
        Of all training images, hence of those that are drawn; None where they differ, or one has none.
    """

    family: str
    settings: Settings
    seed: int
    subject: Subject
    label_counts: tuple[int, ...]
    intensities: Intensities
    trained_on: Mapping[str, Any]
    held_out: Mapping[str, Any]
    versions: Mapping[str, str]
    amended: tuple[Mapping[str, Any], ...] = ()
    spacing_mm: tuple[float, ...] | None = None

    @staticmethod
    def of(
        images: ImageSet,
        settings: Settings,
        *,
        holdout: ImageSet | None,
        seed: int,
        resources: Resources,
    ) -> Description:
        """The model that is to be fitted to these images.

        Raises
        ------
        InputError
            If the family or the settings are not for such images.
        """
        family = family_of(settings)
        subject, counts = _subject(images, settings)
        _refuse_shape(subject, family, images.name)
        return Description(
            family.name,
            settings,
            seed,
            subject,
            counts,
            Intensities.of(images, resources),
            _about(images) | _about_labels(images, subject),
            {} if holdout is None else _about(holdout),
            _versions(),
            spacing_mm=_spacing(images),
        )

    @property
    def kind(self) -> AnyFamily:
        """The family itself."""
        return family_named(self.family)

    def write(self, model: Path) -> None:
        """Write `model.json`."""
        write_json(model / "model.json", {"format": _FORMAT} | asdict(self))

    @staticmethod
    def read(model: Path) -> Description:
        """What `write` wrote.

        Raises
        ------
        FormatError
            If it is absent, damaged or of another version.
        """
        path = model / "model.json"
        content = read_json(path, expected=_FORMAT)
        del content["format"]
        try:
            family = family_named(str(content["family"]))
            subject = settings_of(Subject, content["subject"])
            _refuse_shape(subject, family, "subject")
            parts = {
                "settings": settings_of(type(next(iter(family.presets.values()))), content["settings"]),
                "subject": subject,
                "intensities": settings_of(Intensities, content["intensities"]),
                "label_counts": tuple(content["label_counts"]),
                "amended": tuple(content["amended"]),
                "spacing_mm": _as_spacing(content.get("spacing_mm")),
            }
            return Description(**(content | parts))
        except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
            raise FormatError(Problem(f"is damaged: {error}", where=str(path))) from error

    def same_training(self, other: Description) -> bool:
        """Whether both come to the same weights, but for the versions of the libraries."""
        told = {about.trained_on.get("labels") for about in (self, other)} - {None}  # earlier ones do not say
        return _what_counts(self) == _what_counts(other) and len(told) <= 1

    def with_settings(self, settings: Settings, seed: int, seen: int) -> Description:
        """The same model with other settings and seed, which remembers what it had until now."""
        until = {"seen": seen, "seed": self.seed, "settings": asdict(self.settings)}  # type: ignore[call-overload]
        return replace(self, settings=settings, seed=seed, amended=(*self.amended, until))


def labels_of(images: ImageSet, subject: Subject) -> Int64[np.ndarray, " n"]:
    """The position of each image's label among the subject's, -1 where it has none of them."""
    numbers = {label: number for number, label in enumerate(subject.labels)}
    if not numbers:
        return np.full(len(images), -1)
    told = _told(images, subject.columns)
    return np.array([numbers.get(label, -1) for label in told], dtype=np.int64)


def _refuse_shape(subject: Subject, family: AnyFamily, where: str) -> None:
    """Refuse axes or channels that the family cannot do."""
    if subject.n_axes not in family.axes:
        what, cure = f"{family.name} cannot make images of {subject.n_axes} axes", ""
    elif family.channels is not None and subject.n_channels not in family.channels:
        known = " or ".join(map(str, sorted(family.channels)))
        what = f"{family.name} makes images of {known} channels, not of {subject.n_channels}"
        cure = "--channels grey, rgb, or those to take"
    else:
        return
    raise InputError(Problem(what, where=where, cure=cure))


def _subject(images: ImageSet, settings: Settings) -> tuple[Subject, tuple[int, ...]]:
    columns = getattr(settings, "columns", ("label",)) if settings.conditional else ()
    if not columns:
        return Subject(images.shape), ()
    counts = _told(images, columns).dropna().value_counts().sort_index()
    if counts.empty:
        raise InputError(
            Problem("no image has a label", where=images.name, cure="--set conditional=false, or label them")
        )
    return Subject(images.shape, tuple(map(str, counts.index)), columns), tuple(map(int, counts))


def _told(images: ImageSet, columns: tuple[str, ...]) -> pd.Series[Any]:
    """What each image is, by these columns together; null where all are."""
    if missing := [name for name in columns if name not in images.table]:
        cure = "give the table these columns, or name others in the prompt"
        raise InputError(Problem(f"has no column {', '.join(missing)}", where=images.name, cure=cure))
    if len(columns) == 1:
        return images.table[columns[0]]
    values = images.table[list(columns)]
    joined = values.astype(object).where(values.notna(), UNTOLD).astype(str).agg(BETWEEN.join, axis=1)
    return joined.where(values.notna().any(axis=1), None)


def _spacing(images: ImageSet) -> tuple[float, ...] | None:
    """The spacing of all images, to a thousandth; None where they differ, or one has none."""
    if isinstance(images.pixels, ArrayPixels):
        return None
    known = images.pixels.spacing_mm if isinstance(images.pixels, ZarrPixels) else _one_by_one(images)
    found = [None if spacing is None else np.asarray(spacing, np.float64) for spacing in known]
    first = found[0]
    if first is None or any(one is None or not np.allclose(one, first, rtol=1e-3) for one in found):
        return None
    return tuple(map(float, first))


def _one_by_one(images: ImageSet) -> list[tuple[float, ...] | None]:
    return [image.spacing_mm for image in images]


def _as_spacing(value: Any) -> tuple[float, ...] | None:
    return None if value is None else tuple(map(float, value))


def _about(images: ImageSet) -> dict[str, Any]:
    return {
        "name": images.name,
        "fingerprint": images.pixels.fingerprint,
        "n_images": len(images),
        "n_patients": int(images.patients.max()) + 1,
        "patients_known": images.patients_known,
    }


def _about_labels(images: ImageSet, subject: Subject) -> dict[str, str]:
    return {"labels": fingerprint(labels_of(images, subject).tolist())} if subject.labels else {}


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("doppelscan", "torch")}


def _what_counts(description: Description) -> dict[str, Any]:
    """All that the weights depend on."""
    values: dict[str, Any] = asdict(description)
    values["trained_on"] = description.trained_on["fingerprint"]
    for name in ("held_out", "versions", "amended", "spacing_mm"):
        del values[name]
    return values
