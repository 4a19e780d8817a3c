"""What every test gets: a cache of its own, types of arrays checked, random examples without a clock."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints, no_type_check

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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave functions without arrays to mypy, but for `make test-all`: to check each call took a third of the time.

    Those of commands stay as they are: typer reads their types.
    """
    if item.config.option.markexpr != "not slow":
        return
    for name in sys.modules.keys() - _LOOKED_AT:
        _LOOKED_AT.add(name)
        if name.startswith("doppelscan.") and not name.startswith("doppelscan.cli"):
            for function in _functions(sys.modules[name], name):
                if "jaxtyping" not in _types(function):
                    no_type_check(function)


_LOOKED_AT: set[str] = set()


def _functions(within: object, module: str) -> Iterator[Callable[..., Any]]:
    """The functions that this module defines, those of its classes and the getters of properties among them."""
    for value in list(vars(within).values()):
        found = getattr(value, "__func__", getattr(value, "fget", value))
        if getattr(found, "__module__", None) != module:
            continue
        if inspect.isclass(found):
            yield from _functions(found, module)
        elif inspect.isfunction(found):
            yield found


def _types(function: Callable[..., Any]) -> str:
    """The types of what goes in and out, other names of them resolved; those of arrays are jaxtyping's."""
    try:
        return str(get_type_hints(function, include_extras=True))
    except (NameError, TypeError, AttributeError) as error:  # of what only mypy sees
        return f"jaxtyping: {error}"
