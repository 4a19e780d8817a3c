"""Which module writes, reads and examines images of a form? The one place that knows all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.images import Image
from doppelscan.release.forms import nifti, npz, png
from doppelscan.release.settings import Form

__all__ = ["NPZ", "Kept", "Labelled", "ends_of", "kept", "pixels_of", "refused", "smuggled", "written"]

NPZ = "images.npz"
_ENDS = {"png": ".png", "png16": ".png", "nifti": ".nii.gz", "npz": ".npz"}


@dataclass(frozen=True, eq=False)
class Labelled:
    """One image to be released: its new name, without an end, and the number of its label (-1: none)."""

    name: str
    image: Image
    code: int = -1


@dataclass(frozen=True, eq=False)
class Kept:
    """One image as its form keeps it: the content of its file, or its values for the file that holds all."""

    name: str
    content: bytes | Shaped[np.ndarray, "c *space"]
    code: int


def ends_of(form: Form) -> str:
    """How the names of its files end."""
    return _ENDS[form]


def refused(form: Form, sample: Image) -> list[Problem]:
    """Why images like this one cannot be kept in this form; it names a form that can."""
    found = _stored(form, sample)
    cure = "--format npz" if form == "nifti" else "--format nifti"
    return [Problem(found, where=f"--format {form}", cure=cure)] if isinstance(found, str) else []


def kept(form: Form, one: Labelled) -> tuple[Shaped[np.ndarray, "c *space"], Kept]:
    """The pixels of an image as they are read back, and what is written of it.

    Raises
    ------
    InputError
        If it cannot be kept in this form without changing it.
    """
    pixels = _stored(form, one.image)
    if isinstance(pixels, str):
        raise InputError(Problem(pixels, where=one.name))
    return pixels, Kept(one.name, _content(form, pixels, one.image.spacing_mm), one.code)


def written(form: Form, folder: Path, images: Iterable[Kept], n: int) -> Iterator[str]:
    """Write `n` images under `folder`; of each, the name of its file there."""
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
        except (UnreadableImage, OSError, ValueError) as error:  # no name of a file can hold a null byte
            yield str(error)


def smuggled(path: Path) -> list[str]:
    """What a file of a release holds besides pixels; of files that hold none, nothing."""
    name = path.name
    if name.endswith(".npz"):
        return list(npz.smuggled(path))
    if name.endswith(".png"):
        return list(png.smuggled(path.read_bytes()))
    return list(nifti.smuggled(path.read_bytes())) if name.endswith(".nii.gz") else []


def _one_by_one(form: Form, folder: Path, images: Iterable[Kept]) -> Iterator[str]:
    (folder / "images").mkdir(exist_ok=True)
    for one in images:
        assert isinstance(one.content, bytes), "it has a file of its own"
        name = f"images/{one.name}{_ENDS[form]}"
        (folder / name).write_bytes(one.content)
        yield name


def _together(folder: Path, images: Iterable[Kept], n: int) -> Iterator[str]:
    iterator = iter(images)
    first = next(iterator)
    assert not isinstance(first.content, bytes), "it is one of many in a file"
    codes: list[int] = []

    def values() -> Iterator[Shaped[np.ndarray, "c *space"]]:
        for one in chain([first], iterator):
            assert not isinstance(one.content, bytes)
            codes.append(one.code)
            yield one.content

    for done in npz.pack(folder / NPZ, values(), n, first.content.shape, first.content.dtype):
        yield f"{NPZ}#{done - 1}"
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


def _content(
    form: Form, pixels: Shaped[np.ndarray, "c *space"], spacing_mm: tuple[float, ...] | None
) -> bytes | Shaped[np.ndarray, "c *space"]:
    if form == "npz":
        return pixels
    return nifti.packed(pixels, spacing_mm) if form == "nifti" else png.packed(pixels)


def _stored(form: Form, image: Image) -> Shaped[np.ndarray, "c *space"] | str:
    pixels = image.pixels
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if form == "npz":
        return npz.stored(pixels)
    if form == "nifti":
        return nifti.stored(pixels)
    return png.stored(pixels, 8 if form == "png" else 16)
