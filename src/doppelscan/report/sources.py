"""Where the page's pictures come from: the sets that were audited, if they are still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from doppelscan.errors import DoppelscanError, UnreadableImage
from doppelscan.images import Image
from doppelscan.images.intensity import check_finite
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images

__all__ = ["REDACTED", "Absent", "Pictures", "Without", "pictures"]

Pictures = Callable[[str], Image]
"""The image of an id, as the audit saw it; raises UnreadableImage, with the reason, where there is none."""

_OTHERS = (
    "Withheld: the images where the record says they are, are not shown to be those of this run. "
    "Name them yourself, with --train or --synthetic."
)


def pictures(record: Mapping[str, Any], part: str, given: ImageSet | None) -> Pictures:
    """The images of one part of the audit (`train`, `synthetic`): `given`, or where the record says they are.

    A record from a stranger may name any images of this machine: there, only those that it knew are shown.
    """
    preparation = Preparation.from_json(record.get("settings", {}).get("preparation") or {})
    if given is not None:
        return _Prepared(given, preparation)
    about = record.get("sets", {}).get(part, {})
    if not about.get("path"):
        return Absent("The record of this audit does not say where its images are.")
    try:
        images = open_images(about["path"])
        if images.content != about.get("content"):
            return Absent(_OTHERS)
        return _Prepared(images, preparation)
    except (DoppelscanError, OSError) as error:
        return Absent(f"The images cannot be opened. {error}")


@dataclass(frozen=True)
class Absent:
    """A set of which no image is shown, and why."""

    reason: str

    def __call__(self, name: str) -> Image:
        """Never an image."""
        raise UnreadableImage(self.reason)


REDACTED: Pictures = Absent("Withheld: training images are redacted.")
"""A set that is not even opened."""


@dataclass(frozen=True)
class Without:
    """Images but for some, and why these are withheld."""

    images: Pictures
    withheld: frozenset[str]
    reason: str

    def __call__(self, name: str) -> Image:
        """The image, unless it is withheld."""
        if name in self.withheld:
            raise UnreadableImage(self.reason)
        return self.images(name)


@dataclass(frozen=True)
class _Prepared:
    """Images of a set, one by one prepared as the audit did; a set that is so already is left alone."""

    images: ImageSet
    preparation: Preparation

    def __call__(self, name: str) -> Image:
        try:
            return self._image(name)
        except UnreadableImage:
            raise
        except (DoppelscanError, OSError) as error:
            raise UnreadableImage(f"The image cannot be opened. {error}") from error

    def _image(self, name: str) -> Image:
        if self.preparation.is_identity or dict(self.images.preparation) == self.preparation.to_json():
            return self._stored(name)
        source, k = _slice_of(name) if self.preparation.slices else (name, None)
        image = self._stored(source)
        pieces = {piece.k: piece.image for piece in self.preparation.apply(image)}
        if k not in pieces:
            raise UnreadableImage("The image that was audited is no longer in its file.")
        return pieces[k]

    def _stored(self, name: str) -> Image:
        image = self.images[int(self.images.positions([name])[0])]
        check_finite(image)
        return image


def _slice_of(name: str) -> tuple[str, int | None]:
    source, _, k = name.rpartition("#")
    return (source, int(k)) if source and k.isdecimal() else (name, None)
