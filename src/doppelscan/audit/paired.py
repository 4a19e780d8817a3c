"""How alike the images of named pairs are: the correlation of their pixels, read from their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.audit.labelled import LabelledPairs
from doppelscan.errors import InputError
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.imageset import Unreadable, by_reason
from doppelscan.imagesets.listing import Listing, name_in
from doppelscan.imagesets.saving import cached
from doppelscan.imagesets.scanning import scan
from doppelscan.search.exact import exact_correlations
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["paired_scores"]

_PART = 4  # a block of images takes at most this part of the memory


def paired_scores(
    pairs: LabelledPairs,
    folder: Path,
    *,
    preparation: Preparation,
    resources: Resources,
    progress: Progress,
) -> Float64[np.ndarray, " p"]:
    """The Pearson correlation of each pair of images; NaN where one of them is constant.

    Names are paths, relative to the folder or whole; of a file that holds several images, `file#k` is one.

    Raises
    ------
    InputError
        For every name without an image, and images that end up with different shapes.
    """
    folder = folder.absolute()
    ids = [_id(name, folder) for name in (*pairs.first, *pairs.second)]
    images = scan(_listing(ids, folder), name=str(folder), resources=resources, progress=progress)
    _check(images, ids, folder)
    images = cached(images, preparation=preparation, resources=resources, progress=progress)
    _check(images, ids, folder)
    where = images.positions(ids).reshape(2, -1)
    size = max(1, resources.memory // _PART // (16 * int(np.prod(images.shape))))
    scores = np.empty(len(pairs))
    for start in range(0, len(pairs), size):
        part = slice(start, min(start + size, len(pairs)))
        scores[part] = _scores(images, where[:, part], resources.memory // _PART)
        progress("scoring pairs", part.stop, len(pairs))
    return scores


def _id(name: str, folder: Path) -> str:
    """What the image of this name is called in a set of the folder: as its file is, or as file#k."""
    file = _file(name, folder)
    return name if file is None else name_in(folder, file) + name[len(file) :]


def _file(name: str, folder: Path) -> str | None:
    """The file behind a name: that of the name itself, else the one before #k; None where there is none."""
    files = (file for file in (name, name.rpartition("#")[0]) if file and (folder / file).is_file())
    return next(files, None)


def _listing(ids: Sequence[str], folder: Path) -> Listing:
    """The files behind the ids, each once."""
    files = (_file(name, folder) for name in ids)
    return Listing(folder, tuple(dict.fromkeys(file for file in files if file is not None)))


def _check(images: ImageSet, ids: Sequence[str], folder: Path) -> None:
    """Raise InputError for every id without an image, with the reason."""
    known = set(images.table["id"])
    reasons = {one.where: one.reason for one in images.unreadable}
    missing = [
        Unreadable(name, reasons.get(name) or _why(name, images, folder))
        for name in dict.fromkeys(ids)
        if name not in known
    ]
    if missing:
        raise InputError(by_reason(missing))


def _why(name: str, images: ImageSet, folder: Path) -> str:
    """Why there is no image of this name where every file was read."""
    if name in set(images.table["file"]):
        return "holds several images: name one as file#0"
    return "is no image of its file" if _file(name, folder) else "there is no such file"


def _scores(images: ImageSet, pairs: Int64[np.ndarray, "2 p"], memory: int) -> Float64[np.ndarray, " p"]:
    """The correlations of these pairs of positions; each image is read once."""
    positions, place = np.unique(pairs, return_inverse=True)
    pixels = images.take(positions).read(0, len(positions))
    constant = np.array([one.min() == one.max() for one in pixels])
    first, second = place.reshape(pairs.shape).astype(np.int64)
    scores = np.full(len(first), np.nan)
    defined = ~(constant[first] | constant[second])
    scores[defined] = exact_correlations(pixels, pixels, (first[defined], second[defined]), memory=memory)
    return scores
