"""Which child processes does a command start before all else? Those that will decode its files, if these are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from doppelscan.settings import Resources
from doppelscan.store import walked
from doppelscan.workers import processes_kept

__all__ = ["readers_of"]

_MANY = 512  # files that are decoded sooner by processes that must be started first
_DECODING = (
    "doppelscan.imagesets.headers",
    "doppelscan.imagesets.preparing",
    "doppelscan.images.formats.pillow",
)


def readers_of(sources: Iterable[str | None], resources: Resources) -> AbstractContextManager[None]:
    """Inside, child processes are kept; of folders with many files they load at once what decodes these.

    To load it takes as long as what this process loads meanwhile.
    """
    names = [name for source in sources if source for name in islice(_files(source), _MANY)]
    return processes_kept() if len(names) < _MANY else processes_kept(resources.workers, _DECODING)


def _files(source: str) -> Iterator[str]:
    """The names of the files in a folder; none where it is a prepared set, or no folder."""
    if any((Path(source) / name).is_file() for name in ("imageset.json", "zarr.json")):
        return
    for entry in walked(Path(source)):
        if entry.is_file():
            yield entry.name
