"""What an alignment is: the transform of each pair, and how well the pair agrees under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Shaped

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.settings import AlignmentSettings

__all__ = ["Alignment", "joined", "nothing"]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Of p pairs: the transform that brings the moving image onto the fixed one, and their agreement.

    A position x of the fixed image shows what the moving image has at `matrix @ (x + bend(x)) + offset`,
    where positions are measured from the centre in halves of the longest side, in the order of the axes.

    Attributes
    ----------
    score
        Robust local correlation after alignment, from -1 to 1; 0 where an image has no detail.
    overlap
        The share of the fixed image that has a counterpart in the moving one.
    inverted
        Whether dark corresponds to bright.
    matrix, offset
        The affine map; it holds the pose (flips and quarter turns).
    controls
        The coefficients of the bend's cubic B-splines.
    """

    score: Float64[np.ndarray, " p"]
    overlap: Float64[np.ndarray, " p"]
    inverted: Bool[np.ndarray, " p"]
    matrix: Float32[np.ndarray, "p d d"]
    offset: Float32[np.ndarray, "p d"]
    controls: Float32[np.ndarray, "p d *n"]

    def __len__(self) -> int:
        return len(self.score)

    def take(self, pairs: Sequence[int] | slice | Shaped[np.ndarray, " q"]) -> Alignment:
        """The alignments of some pairs."""
        return Alignment(*(getattr(self, field.name)[pairs] for field in fields(self)))

    def warped(self, moving: Shaped[np.ndarray, "p c *space"]) -> Float32[np.ndarray, "p c *space"]:
        """The moving images, of any size, as they lie on the fixed ones; beyond their border it repeats."""
        canvas = Canvas(moving.shape[2:], torch.device("cpu"))
        images = torch.from_numpy(moving.astype(np.float32))
        return canvas.seen(images, canvas.sources(self.warp())).numpy()

    def inside(self, space: tuple[int, ...]) -> Bool[np.ndarray, "p *space"]:
        """Which pixels of fixed images of this shape have a counterpart."""
        canvas = Canvas(space, torch.device("cpu"))
        return canvas.inside(canvas.sources(self.warp()))[:, 0].numpy() > 0

    def warp(self, device: torch.device | str = "cpu") -> Warp:
        """The transforms as tensors."""
        return Warp(*(torch.from_numpy(part) for part in (self.matrix, self.offset, self.controls))).to(
            device
        )


def nothing(n_axes: int, settings: AlignmentSettings) -> Alignment:
    """The alignments of no pairs."""
    n = settings.controls_of(n_axes)
    return Alignment(
        np.empty(0),
        np.empty(0),
        np.empty(0, dtype=bool),
        np.empty((0, n_axes, n_axes), dtype=np.float32),
        np.empty((0, n_axes), dtype=np.float32),
        np.empty((0, n_axes, *(n,) * n_axes), dtype=np.float32),
    )


def joined(parts: Sequence[Alignment]) -> Alignment:
    """The alignments of all parts, in order."""
    return Alignment(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Alignment))
    )
