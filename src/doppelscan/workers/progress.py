"""How long work says where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

__all__ = ["Progress", "counted", "silent"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the work, how much of it is done, and how much there is."""

Item = TypeVar("Item")


def silent(work: str, done: int, total: int) -> None:
    """Say nothing."""


def counted(items: Iterable[Item], work: str, total: int, progress: Progress) -> Iterator[Item]:
    """The items themselves, each reported when the reader is done with it."""
    progress(work, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(work, done, total)
