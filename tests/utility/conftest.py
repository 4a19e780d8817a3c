"""Sets of lesions that tests of utility share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doppelscan.imagesets import ImageSet
from lesions import lesions


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty cache for what a module shares."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOPPELSCAN_CACHE", str(tmp_path_factory.mktemp("shared")))
        yield


@pytest.fixture(scope="session")
def real() -> ImageSet:
    return lesions(240, 0)


@pytest.fixture(scope="session")
def test() -> ImageSet:
    return lesions(240, 1000)


@pytest.fixture(scope="session")
def fresh() -> ImageSet:
    return lesions(240, 2000)
