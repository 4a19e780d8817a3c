"""Whatever users are brought is under a licence that lets them use it; the list of licences is what is installed."""

from __future__ import annotations

import re

import pytest

from .licences import USABLE, bringing, licence, terms
from .requirements import FOR_USERS, ROOT, asked, brought, installed

PAGE = (ROOT / "docs/reference/licences.md").read_text()


def test_every_licence_is_one_of_those_that_may_be_used() -> None:
    assert {name: said for name in bringing() if not terms(said := licence(name)) <= USABLE} == {}


def test_every_package_is_on_the_page_with_its_licence() -> None:
    rows = [f"| {name} | {licence(name)} |" for name in bringing()]
    assert [row for row in rows if row not in PAGE] == []


def test_nothing_else_is_on_the_page() -> None:
    if absent := sorted(name for name in brought(asked(*FOR_USERS)) if installed(name) is None):
        pytest.skip(f"what these bring is not known, they are not installed: {', '.join(absent)}")
    assert re.findall(r"^\| ([a-z0-9-]+) \|.*", PAGE, flags=re.MULTILINE)[1:] == list(bringing())


@pytest.mark.parametrize("other", ["GPL-3.0-only", "AGPL-3.0 OR GPL-2.0", "MIT AND CC-BY-NC-4.0", "not said"])
def test_what_may_not_be_used_is_noticed(other: str) -> None:
    assert not terms(other) <= USABLE
