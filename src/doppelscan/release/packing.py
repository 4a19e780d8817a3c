"""What is done to each image of a release? Kept in its form, told by its pixels, looked at for text; in processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.pixels import Pixels
from doppelscan.release import naming
from doppelscan.release.burnt_in import holds_text
from doppelscan.release.fingerprinting import pixel_fingerprint
from doppelscan.release.forms import Kept, Labelled, kept
from doppelscan.release.settings import Form
from doppelscan.workers import map_ordered

__all__ = ["Packed", "packed"]

_GROUP = 16  # images that travel together
_WORTH = 512  # images a process: to start one takes as long as two or three hundred films


@dataclass(frozen=True, eq=False)
class Packed:
    """An image as it is kept, the fingerprint of its pixels, and whether it seems to hold text."""

    kept: Kept
    pixels: str
    has_text: bool


def packed(images: ImageSet, form: Form, *, workers: int) -> Iterator[Packed]:
    """Each image, in order, the same whatever the number of workers.

    Raises
    ------
    InputError
        If an image cannot be kept in this form without changing it.
    UnreadableImage
        If an image cannot be read.
    """
    workers = min(workers, len(images) // _WORTH)
    return map_ordered(partial(_packed, form=form), _jobs(images), workers=workers, group=_GROUP)


@dataclass(frozen=True, eq=False)
class _Job:
    """One image, not read yet, its new name, and the number of its label."""

    pixels: Pixels
    name: str
    code: int


def _jobs(images: ImageSet) -> Iterator[_Job]:
    codes = naming.label_codes(images)[1]
    for place, (name, code) in enumerate(zip(naming.names(images), codes, strict=True)):
        yield _Job(images.take([place]).pixels, name, code)


def _packed(job: _Job, *, form: Form) -> Packed:
    pixels, one = kept(form, Labelled(job.name, job.pixels.image(0), job.code))
    return Packed(one, pixel_fingerprint(pixels), holds_text(pixels))
