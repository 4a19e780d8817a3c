"""Which cells does a recipe ask for? Every combination of each block's levels, once for each seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doppelscan.studies.recipe import Recipe

__all__ = ["Cell", "cells_of"]


@dataclass(frozen=True)
class Cell:
    """One experiment: the level of each factor, the changes of settings that they come to, and the seed.

    Attributes
    ----------
    levels
        Of every factor, in one order for all cells.
    changes
        What the recipe's own factors change of the family's preset, `key=value`.
    """

    levels: tuple[tuple[str, str | int], ...]
    changes: tuple[str, ...]
    seed: int

    def __getitem__(self, factor: str) -> str | int:
        return dict(self.levels)[factor]

    @property
    def name(self) -> str:
        """For people and folders; levels tell cells of one recipe apart."""
        return "-".join([*(str(level) for _, level in self.levels), f"seed{self.seed}"])

    def row(self) -> dict[str, str | int]:
        """The levels and the seed by name."""
        return {**dict(self.levels), "seed": self.seed}


def cells_of(recipe: Recipe) -> list[Cell]:
    """The cells of all blocks, each once, those of a block together and in the order of its factors."""
    blocks = recipe.grid or ({},)
    found = [
        _cell(recipe, recipe.fixed | chosen, seed)
        for block in blocks
        for chosen in _combinations(block)
        for seed in recipe.seeds
    ]
    return list(dict.fromkeys(found))


def _combinations(block: Mapping[str, tuple[str | int, ...]]) -> Iterator[dict[str, str | int]]:
    for levels in itertools.product(*block.values()):
        yield dict(zip(block, levels, strict=True))


def _cell(recipe: Recipe, levels: Mapping[str, Any], seed: int) -> Cell:
    family = str(levels["family"])
    changes: list[str] = []
    for factor in recipe.levels:
        level = recipe.levels[factor][str(levels[factor])]
        changes += level.get(family, ()) if isinstance(level, Mapping) else level
    return Cell(tuple((factor, levels[factor]) for factor in recipe.fixed), tuple(changes), seed)
