"""What a package index shows of doppelscan is README, and each of its links leads somewhere from there."""

from __future__ import annotations

import re

import pytest

from .requirements import PROJECT, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOK = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")
REPOSITORY = re.match(r"https://[^/]+/[^/]+/[^/]+/", PROJECT["project"]["urls"]["Documentation"])


def described(text: str) -> str:
    """Markdown as the hook of pyproject.toml changes it."""
    for one in HOOK["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    return text


def test_the_description_is_readme_and_its_links_lead_to_the_same_files_in_the_repository() -> None:
    assert HOOK["fragments"] == [{"path": "README.md"}]
    assert REPOSITORY is not None
    shown = LINK.findall(README)
    assert len(shown) > 20
    for (picture, link), (_, becomes) in zip(shown, LINK.findall(described(README)), strict=True):
        if "://" in link:
            assert becomes == link
        else:
            assert (ROOT / link.partition("#")[0]).exists()
            assert becomes == f"{REPOSITORY[0]}{'raw' if picture else 'blob'}/main/{link}"


@pytest.mark.parametrize("text", ["[a](https://b.org/c.md)", "[a](#b)", "[a](mailto:b@c.org)", "a (b.md)"])
def test_whatever_leads_somewhere_already_stays(text: str) -> None:
    assert described(text) == text
