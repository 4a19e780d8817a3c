"""How words, style and script become one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2

from doppelscan.report.inlining import inlined

__all__ = ["rendered"]

_STYLES = ("viewer/viewer.css", "style.css")


def rendered(said: Mapping[str, Any], page: str = "page") -> str:
    """The page of this name as HTML, every word of it escaped.

    Its content security policy allows no request at all, and no script or style but its own (by their hashes):
    a hostile file name has nothing to run with, even if it were not escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("doppelscan", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = resources.files("doppelscan.report")
    style = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _STYLES)
    script = inlined(folder, "page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(f"{page}.html.j2").render(said, style=style, script=script, policy=policy)


def _hash(text: str) -> str:
    """What a content security policy calls exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
