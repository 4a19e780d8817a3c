"""What every test gets: a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that no test sees what another left, or the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(folder))
    return folder
