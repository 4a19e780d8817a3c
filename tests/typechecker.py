"""The run-time type checker of the tests: an int is a float, as PEP 484 says, and nothing is checked twice.

jaxtyping has a function's parameters checked before each call, and after it the parameters again with the result. To
check everything at each call took more than half of the time. So functions without arrays are mypy's, and of those with
arrays each test checks the first calls; `make test-all` checks everything.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, no_type_check

from beartype import BeartypeConf, beartype

__all__ = ["WATCH", "Watch", "typechecker"]

OFTEN = 10

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True))


class Watch:
    """Which functions are checked, and which no longer are, since a test has called them often."""

    def __init__(self) -> None:
        """Check only what has arrays, until the tests' configuration says otherwise."""
        self.everything = False
        self._with_arrays: set[tuple[str, str]] = set()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._spared: list[Callable[..., Any]] = []

    def wants(self, function: Callable[..., Any]) -> bool:
        """Whether the function is to be checked at all; one with arrays is remembered."""
        arrays = any("jaxtyping" in str(kind) for kind in function.__annotations__.values())
        if arrays:
            self._with_arrays.add((function.__module__, function.__qualname__))
        return arrays or self.everything

    def begin(self) -> None:
        """Check all functions with arrays again."""
        for function in self._spared:
            del vars(function)["__no_type_check__"]
        self._spared.clear()
        self._calls.clear()

    def is_checked(self, key: tuple[str, str]) -> bool:
        """Count a call; whether it is to be checked."""
        if self.everything:
            return True
        self._calls[key] += 1
        if self._calls[key] == (OFTEN if key in self._with_arrays else 1):
            self._spare(key)
        return self._calls[key] <= OFTEN

    def _spare(self, key: tuple[str, str]) -> None:
        """Spare a function what jaxtyping does around its checks, if it is found under its name."""
        function = _found(*key)
        if function is not None:
            no_type_check(function)
            if key in self._with_arrays:
                self._spared.append(function)


WATCH = Watch()


def typechecker(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which checks its result where it names its type, and its parameters where it does not."""
    key, result = (function.__module__, function.__qualname__), function.__annotations__.get("return", Any)
    checked = _unchecked
    if WATCH.wants(function):
        if result is not Any:
            function.__annotations__ = {"return": result}
        checked = _checked(function)

    def first_calls(*args: Any, **kwargs: Any) -> None:
        if WATCH.is_checked(key):
            checked(*args, **kwargs)

    return first_calls if result is Any else checked


def _unchecked(*_args: Any, **_kwargs: Any) -> None:
    """Check nothing."""


def _found(module: str, name: str) -> Callable[..., Any] | None:
    """The function as it was written, below all that decorates it; None of one within another."""
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = vars(found).get(part)
        if found is None:
            return None
    for inner in ("__func__", "fget", "func"):  # of methods of classes, properties, properties that are kept
        found = getattr(found, inner, found)
    found = inspect.unwrap(found)
    return found if inspect.isfunction(found) and found.__qualname__ == name else None
