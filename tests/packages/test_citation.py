"""CITATION.cff says what the Citation File Format 1.2.0 asks for, and what pyproject.toml says."""

from __future__ import annotations

from typing import Any

import pytest

from .requirements import PROJECT, ROOT

yaml = pytest.importorskip("yaml", reason="needs the extra docs")
FILE = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PERSON = {"family-names", "given-names"}


def test_what_the_format_requires_is_there() -> None:
    assert FILE["cff-version"] == "1.2.0"
    assert FILE["type"] == "software"
    for work in [FILE, *FILE["references"]]:
        assert {"title", "authors", "type"} <= work.keys()
        assert [author for author in work["authors"] if not named(author)] == []
    assert all(isinstance(work["volume"], int) for work in FILE["references"] if "volume" in work)
    assert all(isinstance(work["start"], str) for work in FILE["references"] if "start" in work)


def named(author: dict[str, Any]) -> bool:
    """Whether this is a person, or an entity with a name."""
    return author.keys() in ({"name"}, PERSON) and all(isinstance(part, str) for part in author.values())


def test_it_agrees_with_the_package() -> None:
    project = PROJECT["project"]
    assert (FILE["title"], FILE["license"]) == (project["name"], project["license"])
    assert FILE["abstract"] == project["description"]
    assert FILE["authors"] == project["authors"]
