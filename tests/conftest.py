"""What every test gets: a cache of its own, types of arrays checked, random examples without a clock."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from typechecker import WATCH

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that no test sees what another left, or the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(folder))
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Check the types of everything, or only those of arrays, and these not at each call."""
    WATCH.everything = config.option.markexpr == "slow or not slow"


def pytest_runtest_setup() -> None:
    """Check types again that the test before has called often."""
    WATCH.begin()
