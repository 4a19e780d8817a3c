"""Exact nearest neighbours by Pearson correlation, in bounded memory; duplicates within a set."""

from doppelscan.search.blocks import ArrayBlocks, Blocks
from doppelscan.search.duplicates import Duplicates, find_duplicates
from doppelscan.search.kept import Among, Kept
from doppelscan.search.nearest import nearest
from doppelscan.search.neighbours import Groups, Neighbours, joined
from doppelscan.search.pairs import Pairs, pairs_above
from doppelscan.search.poses import Pose, Symmetries, poses_of

__all__ = [
    "Among",
    "ArrayBlocks",
    "Blocks",
    "Duplicates",
    "Groups",
    "Kept",
    "Neighbours",
    "Pairs",
    "Pose",
    "Symmetries",
    "find_duplicates",
    "joined",
    "nearest",
    "pairs_above",
    "poses_of",
]
