r"""How do all flips of an image cost one product? In coordinates of even and odd parity.

Flips are changes of sign in the right coordinates. For mirrored values a, b along an axis take
(a + b) / √2, which the flip keeps, and (a - b) / √2, whose sign it changes; a middle value stays. Over all
axes this splits an image x orthogonally into parts x_c, one for each set c of axes along which it is odd,
and of an image flipped along the axes g

    <flip_g x, y> = Σ_c (-1)^|g ∩ c| <x_c, y_c>

so that products of the parts, together as dear as one product, give all flips by additions. Exchanging
axes of one length permutes the coordinates: each exchange costs one more product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64, Shaped

from doppelscan.search.bounds import rough_correlations
from doppelscan.search.poses import Pose, Symmetries, poses_of

__all__ = ["Symmetry", "largest_correlations", "slices"]

_STRIP = 2**21
"""Pairs whose parts are held at once: so that these take little memory, beside sides of whatever size."""


@dataclass(frozen=True)
class Symmetry:
    """The poses of images of one shape (c, *space), and the coordinates in which flips are signs."""

    shape: tuple[int, ...]
    poses: tuple[Pose, ...]

    @staticmethod
    def of(symmetries: Symmetries, shape: tuple[int, ...]) -> Symmetry:
        """The symmetry of images of shape (c, *space)."""
        return Symmetry(shape, poses_of(symmetries, shape))

    def on(self, shape: tuple[int, ...]) -> Symmetry:
        """The same poses, of images made coarser."""
        return replace(self, shape=shape)

    @property
    def trivial(self) -> bool:
        """Whether an image has one pose only."""
        return len(self.poses) == 1

    @cached_property
    def exchanges(self) -> tuple[tuple[int, ...], ...]:
        """The orders of axes among the poses."""
        return tuple(dict.fromkeys(pose.axes for pose in self.poses))

    @property
    def n_parts(self) -> int:
        """Into how many parts flips split an image; as many as there are flips."""
        return len(self.poses) // len(self.exchanges)

    @cached_property
    def n_folds(self) -> int:
        """How many axes are flipped."""
        return self.n_parts.bit_length() - 1

    @cached_property
    def parity(self) -> Int64[np.ndarray, "d"]:
        """Which part each coordinate belongs to: bit i is set where it is odd along axis i."""
        odd = np.zeros(self.shape, dtype=np.int64)
        for i, length in enumerate(self.shape[1 : 1 + self.n_folds]):
            along = (2 * np.arange(length) >= length) << i
            odd += along.reshape(-1, *[1] * (len(self.shape) - 2 - i))
        return odd.ravel()

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many coordinates each part has."""
        return tuple(np.bincount(self.parity, minlength=self.n_parts).tolist())

    def parted(self, values: Float[torch.Tensor, "n d"]) -> Float[torch.Tensor, "n d"]:
        """Images in coordinates of one parity each, part after part."""
        if self.trivial:
            return values
        return self._folded(values)[:, self._order.to(values.device)]

    def mended(self, parts: Float[torch.Tensor, "n d"]) -> Float[torch.Tensor, "n d"]:
        """The images that `parted` gives these parts of."""
        if self.trivial:
            return parts
        values = torch.empty_like(parts)
        values[:, self._order.to(parts.device)] = parts
        return self._folded(values)

    def exchanged(self, parts: Float[torch.Tensor, "n d"]) -> list[Float[torch.Tensor, "n d"]]:
        """The parts of the images with their axes in each order that there is, the first as they are."""
        return [parts, *(parts[:, columns.to(parts.device)] for columns in self._exchanges_of_parts)]

    def turned(
        self,
        images: Shaped[np.ndarray, "n *shape"],
        which: Int64[np.ndarray, "q"],
        poses: Int64[np.ndarray, "q"],
    ) -> Shaped[np.ndarray, "q *shape"]:
        """The images of these numbers, each in the pose of that number."""
        images, shape = images.reshape(len(images), *self.shape), images.shape[1:]
        turned = np.empty((len(which), *self.shape), dtype=images.dtype)
        for i, (image, pose) in enumerate(zip(which.tolist(), poses.tolist(), strict=True)):
            turned[i] = self.poses[pose].of(images[image])
        return turned.reshape(len(which), *shape)

    @cached_property
    def signs(self) -> Float64[np.ndarray, "parts flips"]:
        """The sign that each flip gives each part."""
        parts = np.arange(self.n_parts)
        both = parts[:, None] & parts
        n_odd = sum(((both >> i) & 1 for i in range(self.n_folds)), np.zeros_like(both))
        return 1.0 - 2 * (n_odd % 2)

    @cached_property
    def _order(self) -> Int64[torch.Tensor, "d"]:
        return torch.from_numpy(np.argsort(self.parity, kind="stable"))

    @cached_property
    def _exchanges_of_parts(self) -> list[Int64[torch.Tensor, "d"]]:
        """Which coordinate comes where; folding treats axes of one length alike, and so commutes with them."""
        columns = np.arange(math.prod(self.shape)).reshape(self.shape)
        order = self._order.numpy()
        place = np.argsort(order)
        moved = (Pose(axes, ()).of(columns).ravel() for axes in self.exchanges[1:])
        return [torch.from_numpy(place[columns[order]]) for columns in moved]

    def _folded(self, values: Float[torch.Tensor, "n d"]) -> Float[torch.Tensor, "n d"]:
        """(a + b) / √2 in place of a and (a - b) / √2 in place of b, along each axis; its own inverse."""
        images = values.reshape(len(values), *self.shape)
        for axis, length in enumerate(self.shape[1 : 1 + self.n_folds], 2):
            i = np.arange(length)
            factors = np.where(2 * i < length, 1.0, -1.0), np.where(2 * i + 1 == length, 0.5, math.sqrt(0.5))
            sign, scale = (
                torch.from_numpy(of).to(values).reshape(-1, *[1] * (images.ndim - 1 - axis)) for of in factors
            )
            images = (images.flip(axis) + images * sign) * scale
        return images.reshape(values.shape)


def largest_correlations(
    views: Sequence[Float32[torch.Tensor, "m d"]], b: Float32[torch.Tensor, "n d"], widths: tuple[int, ...]
) -> Float32[torch.Tensor, "m n"]:
    """Of each pair the largest product over all poses; `views` are the parts of a query in each order of axes.

    A sum over parts is the sum of all their products in another order.
    """
    if len(views) == len(widths) == 1:
        return rough_correlations(views[0], b)
    largest = torch.empty(len(views[0]), len(b), device=b.device)
    columns = slices(widths)
    known = [b[:, part] for part in columns]
    for rows in _strips(*largest.shape):
        parts = ([view[rows, part] for part in columns] for view in views)
        in_each_order = (_largest([*map(rough_correlations, x, known)]) for x in parts)
        largest[rows] = next(in_each_order)
        for others in in_each_order:
            torch.maximum(largest[rows], others, out=largest[rows])
    return largest


def slices(widths: tuple[int, ...]) -> list[slice]:
    """Where the columns of each part are."""
    return [slice(start, stop) for start, stop in pairwise(np.cumsum((0, *widths)).tolist())]


def _largest(parts: Sequence[Float32[torch.Tensor, "m n"]]) -> Float32[torch.Tensor, "m n"]:
    """The largest of all sums of the parts with the signs that flips give them."""
    if len(parts) == 1:
        return parts[0]
    even, odd = parts[: len(parts) // 2], parts[len(parts) // 2 :]
    if len(parts) == 2:
        return even[0] + odd[0].abs()
    as_it_is = _largest([a + b for a, b in zip(even, odd, strict=True)])
    return torch.maximum(as_it_is, _largest([a - b for a, b in zip(even, odd, strict=True)]))


def _strips(m: int, n: int) -> Iterator[slice]:
    size = max(1, _STRIP // max(1, n))
    return (slice(start, start + size) for start in range(0, m, size))
