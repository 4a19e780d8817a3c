"""Every public name says what it is, the shapes of its arrays and the errors that it raises; its examples hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.errors import __all__ as errors

from .pages import ROOT
from .test_reference import API, MODULES

INTERNAL = {"cli", "store", "workers"}
ARRAY = re.compile(r"\b(ndarray|Tensor)\b")
SHAPED = re.compile(r"\w+\[[\w.]*(?:ndarray|Tensor), *[\"']")
SHAPE_TOLD = re.compile(r"\bshape|\(\w+, ")
RAISED = {*errors, "ValueError", "Diverged"} - {"Problem"}
EXAMPLES = [path for path in (ROOT / "src/doppelscan").rglob("*.py") if ">>>" in path.read_text()]

Public = tuple[str, Any]


@cache
def public() -> tuple[Public, ...]:
    """Each public function and class once, under its own name."""
    found: dict[int, Public] = {}
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            one = getattr(importlib.import_module(module), name)
            if inspect.isclass(one) or inspect.isroutine(one):
                found.setdefault(id(one), (f"{module}.{name}", one))
    return tuple(found.values())


def functions(name: str, one: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """A function itself; of a class its public methods that are its own, properties among them."""
    if not inspect.isclass(one):
        yield name, one
        return
    for own, member in vars(one).items():
        called = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if not own.startswith("_") and inspect.isfunction(called):
            yield f"{name}.{own}", called


def without_docstring(name: str, one: Any) -> list[str]:
    named = [(name, one), *functions(name, one)] if inspect.isclass(one) else [(name, one)]
    return [told for told, thing in named if not _told(thing)]


def without_shapes(name: str, function: Callable[..., Any]) -> list[str]:
    """The arrays of a function whose shape neither its signature nor its docstring says."""
    hints = {key: str(hint) for key, hint in inspect.unwrap(function).__annotations__.items()}
    bare = [key for key, hint in hints.items() if ARRAY.search(SHAPED.sub("", hint))]
    return [] if SHAPE_TOLD.search(_told(function)) else [f"{name}: {key}" for key in bare]


def without_errors(name: str, function: Callable[..., Any]) -> list[str]:
    """The errors that a function raises itself and does not tell."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    return [f"{name}: {error}" for error in sorted(raised & RAISED) if error not in _told(function)]


def _told(thing: Any) -> str:
    """Its own docstring; that which `dataclass` makes of the fields says nothing."""
    told = inspect.unwrap(thing).__doc__ or ""
    return "" if told.startswith(f"{thing.__name__}(") else told


def test_every_room_is_told_or_said_to_be_internal() -> None:
    rooms = {
        path.parent.name
        for path in (ROOT / "src/doppelscan").glob("*/__init__.py")
        if "__all__" in path.read_text()
    }
    told = {module.split(".")[1] for module in MODULES if "." in module}
    assert rooms - told == INTERNAL
    assert [room for room in INTERNAL if f"`{room}`" not in API.read_text().split("##")[0]] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_about(module: str) -> None:
    assert importlib.import_module(module).__doc__


def test_every_public_name_has_its_docstring() -> None:
    assert [told for name, one in public() for told in without_docstring(name, one)] == []
    assert len(public()) > 150


def test_every_array_of_a_public_function_has_its_shape() -> None:
    every = [pair for name, one in public() for pair in functions(name, one)]
    assert [told for name, function in every for told in without_shapes(name, function)] == []


def test_every_error_that_a_public_function_raises_is_told() -> None:
    every = [pair for name, one in public() for pair in functions(name, one)]
    assert [told for name, function in every for told in without_errors(name, function)] == []


def test_what_is_not_told_is_seen() -> None:
    def silent(x: np.ndarray, y: int) -> np.ndarray:
        raise InputError([])

    def telling(x: np.ndarray) -> None:
        """An array of shape (n, d); InputError if it is empty."""
        raise InputError([])

    assert without_docstring("f", silent) == ["f"]
    assert without_shapes("f", silent) == ["f: x", "f: return"]
    assert without_errors("f", silent) == ["f: InputError"]
    assert without_docstring("f", telling) + without_shapes("f", telling) + without_errors("f", telling) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_the_examples_of_a_module_hold(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    held = doctest.testmod(importlib.import_module(module))
    assert held.attempted > 0
    assert held.failed == 0
