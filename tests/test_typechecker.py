"""Types of arrays are checked at the first calls of each test, and those of everything by `make test-all`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from jaxtyping import TypeCheckError, install_import_hook

from typechecker import OFTEN, WATCH

SOURCE = """
from dataclasses import dataclass
import numpy as np
from jaxtyping import Float64

def doubled(x: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    return (2 * x).astype(x.dtype if x.size else np.float32)

def named(name: str) -> str:
    return name

@dataclass
class Kept:
    x: Float64[np.ndarray, "n"]

    @property
    def twice(self) -> Float64[np.ndarray, "n"]:
        return 2 * self.x
"""
RIGHT, WRONG = np.zeros(3), np.zeros(3, np.int64)


@pytest.fixture(params=["arrays", "everything"])
def checked(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """A module whose types are checked, those of arrays or all."""
    name = f"checked_{request.param}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(WATCH, "everything", request.param == "everything")
    WATCH.begin()
    with install_import_hook(name, "typechecker.typechecker"):
        yield importlib.import_module(name)
    WATCH.begin()
    del sys.modules[name]


def test_the_first_calls_of_a_test_are_checked_and_all_where_everything_is(checked: ModuleType) -> None:
    for _ in range(2):
        with pytest.raises(TypeCheckError):
            checked.doubled(WRONG)
        for _call in range(OFTEN):
            checked.doubled(RIGHT)
        if WATCH.everything:
            with pytest.raises(TypeCheckError):
                checked.doubled(WRONG)
        else:
            assert checked.doubled(WRONG).dtype == np.int64
        WATCH.begin()  # the next test


def test_results_and_what_classes_hold_are_checked(checked: ModuleType) -> None:
    with pytest.raises(TypeCheckError, match="return value"):
        checked.doubled(np.zeros(0))
    with pytest.raises(TypeCheckError):
        checked.Kept(WRONG)
    kept = checked.Kept(RIGHT)
    kept.x = WRONG
    with pytest.raises(TypeCheckError):
        assert kept.twice is not None


def test_functions_without_arrays_are_left_to_mypy_but_where_everything_is_checked(
    checked: ModuleType,
) -> None:
    if WATCH.everything:
        with pytest.raises(TypeCheckError):
            checked.named(7)
    else:
        assert checked.named(7) == 7
