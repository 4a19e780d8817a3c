"""Which module writes, reads and examines images of a form? The one place that knows all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.images import Image
from doppelscan.release.forms import nifti, npz, png
from doppelscan.release.settings import Form

__all__ = ["NPZ", "Labelled", "ends_of", "pixels_of", "refused", "smuggled", "written"]

NPZ = "images.npz"
_ENDS = {"png": ".png", "png16": ".png", "nifti": ".nii.gz", "npz": ".npz"}


@dataclass(frozen=True, eq=False)
class Labelled:
    """One image to be released: its new name, without an end, and the number of its label (-1: none)."""

    name: str
    image: Image
    code: int = -1


def ends_of(form: Form) -> str:
    """How the names of its files end."""
    return _ENDS[form]


def refused(form: Form, sample: Image) -> list[Problem]:
    """Why images like this one cannot be kept in this form; it names a form that can."""
    found = _stored(form, sample)
    cure = "--format npz" if form == "nifti" else "--format nifti"
    return [Problem(found, where=f"--format {form}", cure=cure)] if isinstance(found, str) else []


def written(
    form: Form, folder: Path, images: Iterable[Labelled], n: int
) -> Iterator[tuple[str, Shaped[np.ndarray, "c *space"]]]:
    """Write `n` images under `folder`; of each, the name of its file there and its pixels as they are read back.

    Raises
    ------
    InputError
        If an image cannot be kept in this form without changing it.
    """
    return _together(folder, images, n) if form == "npz" else _one_by_one(form, folder, images)


def pixels_of(
    form: Form, folder: Path, files: Sequence[str]
) -> Iterator[Shaped[np.ndarray, "c *space"] | str]:
    """The pixels of each released image, or why they cannot be read. Never unpacks more than a header promises."""
    if form == "npz":
        yield from _unpacked(folder / NPZ, len(files))
        return
    unpack = nifti.unpacked if form == "nifti" else png.unpacked
    for file in files:
        try:
            yield unpack((folder / file).read_bytes())
        except (UnreadableImage, OSError) as error:
            yield str(error)


def smuggled(path: Path) -> list[str]:
    """What a file of a release holds besides pixels; of files that hold none, nothing."""
    name = path.name
    if name.endswith(".npz"):
        return list(npz.smuggled(path))
    if name.endswith(".png"):
        return list(png.smuggled(path.read_bytes()))
    return list(nifti.smuggled(path.read_bytes())) if name.endswith(".nii.gz") else []


def _one_by_one(
    form: Form, folder: Path, images: Iterable[Labelled]
) -> Iterator[tuple[str, Shaped[np.ndarray, "c *space"]]]:
    for one in images:
        pixels = _kept(form, one)
        spacing = one.image.spacing_mm
        content = nifti.packed(pixels, spacing) if form == "nifti" else png.packed(pixels)
        name = f"images/{one.name}{_ENDS[form]}"
        (folder / name).write_bytes(content)
        yield name, pixels


def _together(
    folder: Path, images: Iterable[Labelled], n: int
) -> Iterator[tuple[str, Shaped[np.ndarray, "c *space"]]]:
    iterator = iter(images)
    first = next(iterator)
    like, codes, seen = _kept("npz", first), [], []

    def kept() -> Iterator[Shaped[np.ndarray, "c *space"]]:
        for one in (first, *iterator):
            codes.append(one.code)
            seen.append(_kept("npz", one))
            yield seen[-1]

    for done in npz.pack(folder / NPZ, kept(), n, like.shape, like.dtype):
        yield f"{NPZ}#{done - 1}", seen.pop()
    if max(codes) >= 0:
        npz.add_labels(folder / NPZ, codes)


def _unpacked(path: Path, n: int) -> Iterator[Shaped[np.ndarray, "c *space"] | str]:
    done = 0
    try:
        for done, pixels in enumerate(npz.unpacked(path), start=1):
            yield pixels
            if done == n:
                return
        reason = f"holds {done:,} images, not {n:,}"
    except (UnreadableImage, OSError, ValueError) as error:
        reason = str(error)
    for _ in range(done, n):
        yield reason


def _kept(form: Form, one: Labelled) -> Shaped[np.ndarray, "c *space"]:
    found = _stored(form, one.image)
    if isinstance(found, str):
        raise InputError(Problem(found, where=one.name))
    return found


def _stored(form: Form, image: Image) -> Shaped[np.ndarray, "c *space"] | str:
    pixels = image.pixels
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if form == "npz":
        return npz.stored(pixels)
    if form == "nifti":
        return nifti.stored(pixels)
    return png.stored(pixels, 8 if form == "png" else 16)
