"""Where the pixels of a set come from: files, an array in memory, or a Zarr array on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import zarr
from jaxtyping import Float64, Int64, Shaped

from doppelscan.errors import DoppelscanError, FormatError, Problem
from doppelscan.images import Image
from doppelscan.images.formats import Entry
from doppelscan.images.formats import read as read_entry
from doppelscan.images.formats.zarr_arrays import opened_array
from doppelscan.store import fingerprint, shown
from doppelscan.store.objects import answered

__all__ = ["ArrayPixels", "FilePixels", "MadeInBatches", "Pixels", "ZarrPixels"]


@runtime_checkable
class Pixels(Protocol):
    """The images of a set, in order. Picklable, so that parts of it travel to workers."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape (c, *space) of each image."""
        ...

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type that holds the stored pixels of every image."""
        ...

    @property
    def fingerprint(self) -> str:
        """What the images are, told from their content."""
        ...

    def __len__(self) -> int: ...

    def image(self, position: int) -> Image:
        """One image; UnreadableImage where it cannot be read."""
        ...

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of consecutive images of one shape."""
        ...

    def take(self, positions: Int64[np.ndarray, " n"]) -> Pixels:
        """The images at these positions, in this order."""
        ...


@runtime_checkable
class MadeInBatches(Protocol):
    """Images that are not read but made, so many together, which takes time."""

    @property
    def at_once(self) -> int:
        """Images that are made together."""
        ...

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU makes them."""
        ...


@dataclass(frozen=True, eq=False)
class FilePixels:
    """Images in files, decoded at each reading; `contents` are the fingerprints of the files."""

    entries: tuple[Entry, ...]
    contents: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes that the files' headers promise."""
        return [entry.shape for entry in self.entries]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type that holds the stored pixels of every file."""
        return (
            np.result_type(*{entry.dtype for entry in self.entries}) if self.entries else np.dtype(np.uint8)
        )

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the files' contents and frames."""
        return fingerprint(
            [[content, entry.frame] for content, entry in zip(self.contents, self.entries, strict=True)]
        )

    def image(self, position: int) -> Image:
        """One image, as its file has it now."""
        return read_entry(self.entries[position])

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of consecutive images of one shape, decoded one by one."""
        return np.stack([self.image(position).pixels for position in range(start, min(stop, len(self)))])

    def take(self, positions: Int64[np.ndarray, " n"]) -> FilePixels:
        """The images at these positions."""
        return FilePixels(
            tuple(self.entries[i] for i in positions), tuple(self.contents[i] for i in positions)
        )


@dataclass(frozen=True, eq=False)
class ArrayPixels:
    """Images in memory."""

    array: Shaped[np.ndarray, "n c *space"]

    def __len__(self) -> int:
        return len(self.array)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The array's shape, for each image."""
        return [self.array.shape[1:]] * len(self.array)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The array's type."""
        return self.array.dtype

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the array's bytes, shape and type."""
        content = fingerprint(np.ascontiguousarray(self.array).tobytes())
        return fingerprint([content, list(self.array.shape), str(self.array.dtype)])

    def image(self, position: int) -> Image:
        """One image."""
        return Image(self.array[position])

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """Consecutive images."""
        return self.array[start:stop]

    def take(self, positions: Int64[np.ndarray, " n"]) -> ArrayPixels:
        """The images at these positions; a view of the array where they are consecutive."""
        consecutive = len(positions) > 0 and positions[0] >= 0 and bool(np.all(np.diff(positions) == 1))
        return ArrayPixels(
            self.array[positions[0] : positions[-1] + 1] if consecutive else self.array[positions]
        )


@dataclass(frozen=True, eq=False)
class ZarrPixels:
    """Images in one Zarr array (n, c, *space), with the slope, intercept and spacing of each beside it."""

    path: Path
    content: str
    rows: Int64[np.ndarray, " n"]
    slope: Float64[np.ndarray, " n"]
    intercept: Float64[np.ndarray, " n"]
    spacing_mm: Sequence[tuple[float, ...] | None]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _array(self) -> zarr.Array[Any]:
        try:
            return opened_array(self.path)
        except FileNotFoundError as error:
            cure = "if a machine of a cluster says so: all must see it, under this name"
            raise FormatError(Problem("is not there", where=shown(self.path), cure=cure)) from error
        except ValueError as error:
            raise FormatError(Problem(f"cannot be read: {error}", where=shown(self.path))) from error

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The array's shape, for each image."""
        return [tuple(self._array.shape[1:])] * len(self)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The array's type."""
        return np.dtype(self._array.dtype)

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of what the array was made from, and of the rows taken."""
        whole = len(self) == self._array.shape[0] and bool(np.all(np.diff(self.rows) == 1))
        return self.content if whole else fingerprint([self.content, self.rows.tolist()])

    def image(self, position: int) -> Image:
        """One image."""
        stored = self._stored(self.rows[position : position + 1])[0]
        slope, intercept = float(self.slope[position]), float(self.intercept[position])
        return Image(stored, self.spacing_mm[position], slope, intercept)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of the images from `start` to `stop`."""
        stored = self._stored(self.rows[start:stop])
        slope, intercept = self.slope[start:stop], self.intercept[start:stop]
        if np.all(slope == 1) and np.all(intercept == 0):
            return stored
        per_image = (-1,) + (1,) * (stored.ndim - 1)
        scale, offset = (value.astype(np.float32).reshape(per_image) for value in (slope, intercept))
        return stored.astype(np.float32) * scale + offset

    def take(self, positions: Int64[np.ndarray, " n"]) -> ZarrPixels:
        """The images at these positions."""
        spacing = [self.spacing_mm[i] for i in positions]
        return ZarrPixels(
            self.path,
            self.content,
            self.rows[positions],
            self.slope[positions],
            self.intercept[positions],
            spacing,
        )

    def positions_in(self, other: Pixels) -> Int64[np.ndarray, " n"] | None:
        """Where in `other` these very images are; None unless all are there, in ascending order in both."""
        if not (isinstance(other, ZarrPixels) and (self.path, self.content) == (other.path, other.content)):
            return None
        if not (np.all(np.diff(self.rows) > 0) and np.all(np.diff(other.rows) > 0)):
            return None
        positions = np.searchsorted(other.rows, self.rows)
        there = positions < len(other)
        return positions if there.all() and (other.rows[positions] == self.rows).all() else None

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_array"}

    def _stored(self, rows: Int64[np.ndarray, " m"]) -> Shaped[np.ndarray, "m c *space"]:
        try:
            if len(rows) and bool(np.all(np.diff(rows) == 1)):
                whole = slice(int(rows[0]), int(rows[-1]) + 1)
                return answered(self.path, lambda: np.asarray(self._array[whole]))
            return answered(self.path, lambda: np.asarray(self._array.oindex[rows]))
        except DoppelscanError:
            raise
        except Exception as error:  # of any kind: a codec met what is not its own
            raise FormatError(Problem(f"is damaged: {error}", where=shown(self.path))) from error
