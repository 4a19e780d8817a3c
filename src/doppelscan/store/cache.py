"""The one cache: what took time and can be made again, keyed by content, settings and code version.

It may hold patients' pixels: its folder is readable by its owner alone, and deleting it loses nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from doppelscan.store.atomic import atomic_file
from doppelscan.store.fingerprints import fingerprint

__all__ = ["Cache"]


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
        return Cache(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "doppelscan")

    def path(self, kind: str, key: Mapping[str, object], suffix: str = "") -> Path:
        """Where the entry of this kind and key is, or would be; its folder exists on return."""
        folder = self.root / kind
        folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        return folder / (fingerprint(key) + suffix)

    def table(self, kind: str, key: Mapping[str, object], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The table of this kind and key, made by `make` the first time."""
        path = self.path(kind, key, ".parquet")
        if path.exists():
            return pd.read_parquet(path)
        made = make()
        with atomic_file(path) as draft:
            made.to_parquet(draft, index=False)
        return made
