"""The one cache: what took time and can be made again, keyed by content, settings and code version.

It may hold patients' pixels: its folders are readable by their owner alone, and deleting it loses nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.store.atomic import atomic_file
from doppelscan.store.fingerprints import fingerprint

__all__ = ["Cache", "if_possible"]

_CURE = "set DOPPELSCAN_CACHE to a folder that can be written to"


@dataclass(frozen=True)
class Cache:
    """A folder of entries, each named by the fingerprint of what it was made from.

    A key must hold everything that the entry depends on: fingerprints of content, settings, and a
    version of the code that is raised when its output changes.
    """

    root: Path

    @staticmethod
    def default() -> Cache:
        """The user's cache: `$DOPPELSCAN_CACHE`, or `doppelscan` under `$XDG_CACHE_HOME` or `~/.cache`."""
        if own := os.environ.get("DOPPELSCAN_CACHE"):
            return Cache(Path(own))
        try:
            return Cache(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "doppelscan")
        except RuntimeError as error:
            raise InputError(Problem("there is no home directory for the cache", cure=_CURE)) from error

    def path(self, kind: str, key: Mapping[str, object], suffix: str = "") -> Path:
        """Where the entry of this kind and key is, or would be; its folder can be written to on return.

        Raises
        ------
        InputError
            If it cannot, naming the variable that moves the cache.
        """
        return self.folder(kind) / (fingerprint(key) + suffix)

    def folder(self, kind: str) -> Path:
        """The folder of this kind of entries, which can be written to on return, else as `path`."""
        folder = self.root / kind
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise _unwritable(folder, error.strerror) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _unwritable(folder, "permission denied")
        return folder

    def table(self, kind: str, key: Mapping[str, object], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The table of this kind and key, made by `make` the first time, or where what is kept is damaged.

        One that cannot be kept, such as on a full disk, is given all the same, and a warning is logged.
        """
        path = self.path(kind, key, ".parquet")
        with contextlib.suppress(OSError, ValueError):
            return pd.read_parquet(path)
        made = make()
        with if_possible(), atomic_file(path) as draft:
            made.to_parquet(draft, index=False)
        return made


@contextlib.contextmanager
def if_possible() -> Iterator[None]:
    """Within it, what cannot be written to the cache, such as on a full disk, is not, and a warning is logged."""
    try:
        yield
    except OSError as error:
        said = "%s: not kept for the next time: %s (%s)"
        reason = error.strerror if error.errno is None else os.strerror(error.errno)
        logging.getLogger(__name__).warning(said, error.filename or "the cache", reason or error, _CURE)


def _unwritable(folder: Path, reason: str | None) -> InputError:
    return InputError(Problem(f"the cache cannot be written: {reason}", where=str(folder), cure=_CURE))
