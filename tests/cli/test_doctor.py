"""What is missing is named with its cure; what no command can do without ends in exit code 1."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from calling import call
from doppelscan import __version__
from doppelscan.cli import doctor as doctoring

NEEDED = ["numpy>=1", "absent-package>=2"]
EXTRA = ['numpy>=1000; extra == "generate"', 'torch>=2; extra == "text"']


def found(*arguments: object) -> dict[str, dict[str, Any]]:
    return {one["about"]: one for one in json.loads(call("doctor", "--json", *arguments).out)}


def test_a_whole_installation_has_nothing_to_cure() -> None:
    done = call("doctor")
    assert done.code == 0
    assert __version__ in done.out
    about = found()
    assert int(about["cores"]["what"]) >= 1
    assert about["DICOM compression"]["cure"] == about["packages"]["cure"] == ""


def test_a_missing_package_is_named_and_ends_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctoring, "requires", lambda _: NEEDED)
    done = call("doctor")
    assert done.code == 1
    assert "absent-package>=2" in done.out
    assert "numpy" not in done.err
    assert "pip install" in done.err


def test_a_torch_that_cannot_be_loaded_is_told_like_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = call("doctor")
    assert done.code == 1
    assert "PyTorch: cannot be loaded" in done.err
    assert "DICOM compression" in done.out


def test_a_missing_extra_is_named_and_limits_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctoring, "requires", lambda _: EXTRA)
    about = found()
    assert about["extra generate"]["cure"] == "pip install 'doppelscan[generate]'"
    assert "numpy>=1000" in about["extra generate"]["what"]
    assert about["extra text"]["cure"] == ""
    assert call("doctor").code == 0


def test_a_cache_that_cannot_be_written_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "file" / "below"))
    done = call("doctor")
    assert done.code == 1
    assert "DOPPELSCAN_CACHE" in done.err


def test_the_cache_is_left_as_it_was(own_cache: Path) -> None:
    before = sorted(own_cache.iterdir())
    call("doctor")
    assert sorted(own_cache.iterdir()) == before
