"""How do ES modules become one script that loads nothing? Each in a scope of its own, after those that it imports."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable

__all__ = ["inlined"]

_IMPORT = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "\./([\w./-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|function|class) (\w+))", re.MULTILINE)


def inlined(folder: Traversable, entry: str) -> str:
    """The module `entry` of a folder and all that it imports as one script, to be inlined as a module.

    Understood are `import { names } from "./file.js"`, `import * as name from "./file.js"`, and `export` before a
    `const`, `function` or `class`, each at the start of a line; anything else of the kind is refused.

    Raises
    ------
    ValueError
        If modules import each other in a circle, or in a way that is not understood.
    """
    scopes: dict[str, str] = {}
    _add(folder, entry, scopes, ())
    return "".join(scopes.values())


def _add(folder: Traversable, name: str, scopes: dict[str, str], within: tuple[str, ...]) -> None:
    """Add the scope of a module, after those of what it imports."""
    if name in within:
        raise ValueError(f"{' imports '.join((*within, name))}")
    if name in scopes:
        return
    text = folder.joinpath(name).read_text(encoding="utf-8")
    place = name.rpartition("/")[0]
    for found in _IMPORT.finditer(text):
        _add(folder, _beside(place, found[2]), scopes, (*within, name))
    body = _IMPORT.sub(lambda found: _taken(found[1], _scope(_beside(place, found[2]))), text)
    given = ", ".join(_EXPORT.findall(body))
    body = _EXPORT.sub("", body)
    if strange := re.search(r"^\s*(?:import|export)\b.*", body, re.MULTILINE):
        raise ValueError(f"{name}: {strange[0]!r} is not understood")
    scopes[name] = f"const {_scope(name)} = (() => {{\n{body}return {{ {given} }};\n}})();\n"


def _beside(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def _taken(names: str, scope: str) -> str:
    return f"const {names.removeprefix('* as ')} = {scope};\n"


def _scope(name: str) -> str:
    """What a module's scope is called; no name of ours has two underscores."""
    return "__" + re.sub(r"\W", "_", name.removesuffix(".js"))
