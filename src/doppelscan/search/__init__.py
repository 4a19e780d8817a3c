"""Exact nearest neighbours by Pearson correlation, in bounded memory; duplicates within a set."""

from doppelscan.search.blocks import ArrayBlocks, Blocks
from doppelscan.search.duplicates import Duplicates, find_duplicates
from doppelscan.search.kept import Among, Kept
from doppelscan.search.nearest import nearest
from doppelscan.search.neighbours import Groups, Neighbours
from doppelscan.search.pairs import Pairs, pairs_above

__all__ = [
    "Among",
    "ArrayBlocks",
    "Blocks",
    "Duplicates",
    "Groups",
    "Kept",
    "Neighbours",
    "Pairs",
    "find_duplicates",
    "nearest",
    "pairs_above",
]
