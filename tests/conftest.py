"""What every test gets: a cache of its own, and no limit on the time of a random example: machines are shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that no test sees what another left, or the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(folder))
    return folder
