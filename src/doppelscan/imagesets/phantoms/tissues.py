"""Which tissues a head has, and which share of each pixel is which."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from doppelscan.imagesets.phantoms.shapes import Field

__all__ = ["Layer", "Shares", "Tissue", "shares"]


class Tissue(IntEnum):
    """The tissues, in the order of the rows of what `shares` gives."""

    AIR = 0
    MUSCLE = 1
    FAT = 2
    BONE = 3
    MARROW = 4
    FLUID = 5
    GREY = 6
    WHITE = 7
    NUCLEUS = 8
    VESSEL = 9
    VITREOUS = 10
    CORE = 11
    OEDEMA = 12
    RIM = 13


Layer: TypeAlias = tuple[Tissue, Field]
Shares: TypeAlias = Float32[NDArray[np.floating], "tissue *space"]


def shares(layers: Sequence[Layer]) -> Shares:
    """The share of each pixel that is each tissue; an earlier layer hides a later one, air is behind all."""
    shape = layers[0][1].shape
    share = np.zeros((len(Tissue), *shape), np.float32)
    bare = np.ones(shape, np.float32)
    for tissue, covered in layers:
        seen = bare * covered
        share[tissue] += seen
        bare -= seen
    share[Tissue.AIR] += bare
    return share
