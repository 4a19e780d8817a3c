"""Errors name the page that explains them, and it is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from doppelscan.audit import AuditSettings, audit
from doppelscan.errors import (
    PAGES,
    DoppelscanError,
    GateFailed,
    InputError,
    MissingExtra,
    Problem,
    ReleaseBlocked,
)
from doppelscan.imagesets import ImageSet

from .pages import ROOT
from .test_links import anchors
from .transcript import typed

DOCS = ROOT / "docs"
NAMED = sorted(
    {
        page
        for path in (ROOT / "src/doppelscan").rglob("*.py")
        for page in re.findall(r'"((?:howto|reference)/[\w-]+\.md(?:#[\w-]+)?)"', path.read_text())
    }
)


def of(height: int) -> ImageSet:
    return ImageSet.from_arrays(np.zeros((3, 1, height, 8), np.uint8))


@pytest.mark.parametrize("named", NAMED)
def test_a_page_that_an_error_names_is_there(named: str) -> None:
    page, _, anchor = named.partition("#")
    assert (DOCS / page).is_file()
    assert not anchor or anchor in anchors(DOCS / page)


@pytest.mark.parametrize(
    ("sets", "settings", "page"),
    [
        ({"synthetic": of(9)}, AuditSettings(method="pearson"), "howto/prepare.md"),
        ({"synthetic": of(8)}, AuditSettings(method="contrastive"), "howto/no-holdout.md"),
    ],
)
def test_the_main_errors_of_an_audit_name_theirs(
    sets: dict[str, ImageSet], settings: AuditSettings, page: str
) -> None:
    with pytest.raises(InputError) as error:
        audit(train=of(8), settings=settings, **sets)
    assert error.value.pages == (page,)


def test_other_errors_name_theirs() -> None:
    assert MissingExtra("ray", "ray", "a cluster").pages == ("howto/install.md#extras",)
    assert ReleaseBlocked(["a"], ("a",)).pages == ("howto/release.md",)
    assert GateFailed("too many").pages == DoppelscanError().pages == ()
    assert InputError([Problem("a", page="x"), Problem("b"), Problem("c", page="x")]).pages == ("x",)
    assert len(NAMED) >= 8


def test_the_command_line_says_where_to_read_on(tmp_path: Path) -> None:
    for name, height in {"a": 8, "b": 9}.items():
        np.save(tmp_path / f"{name}.npy", np.zeros((3, height, 8), np.uint8))
    sets = ["--train", str(tmp_path / "a.npy"), "--synthetic", str(tmp_path / "b.npy")]
    code, printed = typed(["audit", *sets, "--out", str(tmp_path / "run")])
    assert code == 2
    assert printed.endswith(f"doppelscan: see {PAGES}howto/prepare.md\n")
