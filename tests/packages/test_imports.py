"""Every package that the code imports is one that pyproject.toml names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .requirements import FOR_USERS, ROOT, asked

SOURCES = sorted((ROOT / "src/doppelscan").rglob("*.py"))
IMPORT = re.compile(r"^ *(?:import (\w+)[\w.]*(?: as \w+)?|from (\w+)[\w.]* import .*)$", re.MULTILINE)
OTHERWISE = {"cv2": "opencv-python-headless", "PIL": "pillow"}  # modules that their packages do not name
IF_THERE = {"mlcroissant"}  # `check` asks MLCommons' own package, too, where somebody installed it


def test_the_code_imports_only_what_the_project_names() -> None:
    named = {canonicalize_name(Requirement(line).name) for line in asked(*FOR_USERS)}
    wild = {
        f"{path.name}: {module}"
        for path in SOURCES
        for module in imported(path)
        if module not in IF_THERE and canonicalize_name(OTHERWISE.get(module, module)) not in named
    }
    assert wild == set()


def imported(path: Path) -> set[str]:
    """The packages of others that a file imports anywhere."""
    modules = {a or b for a, b in IMPORT.findall(path.read_text(encoding="utf-8"))}
    return modules - {*sys.stdlib_module_names, "doppelscan"}


def test_packages_of_others_are_told_from_the_rest(tmp_path: Path) -> None:
    lines = [
        "import os",
        "import numpy.linalg as la",
        "    from PIL.Image import open",
        "from .x import y",
        "from noise",
    ]
    (tmp_path / "one.py").write_text("\n".join(lines))
    assert imported(tmp_path / "one.py") == {"numpy", "PIL"}
