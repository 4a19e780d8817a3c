"""Which changes can be planted: every transform and partial copy, by list and by name, under one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.images.transforms import HARD, STANDARD, Transform

__all__ = ["LISTS", "Change", "changed", "lists_of", "region_of"]

Change: TypeAlias = Transform | PartialCopy

LISTS: Mapping[str, tuple[Change, ...]] = MappingProxyType(
    {"standard": STANDARD, "hard": HARD, "parts": PARTS}
)


def changed(
    change: Change,
    pixels: Shaped[np.ndarray, "c *space"],
    rng: np.random.Generator,
    *,
    other: Shaped[np.ndarray, "c *space"] | None = None,
) -> Shaped[np.ndarray, "c *space"]:
    """The image changed; `other` is what it is mixed with, or what a part of it is put into."""
    if isinstance(change, PartialCopy):
        assert other is not None, f"{change.name} needs another image"
        return change(pixels, other, rng).pixels
    return change(pixels, rng, other=other)


def region_of(
    change: Change,
    pixels: Shaped[np.ndarray, "c *space"],
    rng: np.random.Generator,
    *,
    other: Shaped[np.ndarray, "c *space"] | None = None,
) -> Bool[np.ndarray, "*space"]:
    """Where in what `changed` makes, with the same chance, the image is: all of it but for partial copies."""
    if not isinstance(change, PartialCopy):
        return np.ones(pixels.shape[1:], dtype=bool)
    assert other is not None, f"{change.name} needs another image"
    return change(pixels, other, rng).region


def lists_of(names: Iterable[str]) -> Mapping[str, tuple[Change, ...]]:
    """The changes that these names of lists or of single changes ask for, by list, in the lists' order.

    Raises
    ------
    InputError
        For all names that are unknown.
    """
    wanted = set(names)
    known = {*LISTS, *(change.name for changes in LISTS.values() for change in changes)}
    if unknown := sorted(wanted - known):
        cure = f"choose lists ({', '.join(LISTS)}) or names of the reference, such as rotation"
        raise InputError([Problem(f"knows no transform {name!r}", "--transforms", cure) for name in unknown])
    asked = {
        name: tuple(change for change in changes if {name, change.name} & wanted)
        for name, changes in LISTS.items()
    }
    return {name: changes for name, changes in asked.items() if changes}
