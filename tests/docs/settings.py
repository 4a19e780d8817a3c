"""The settings of each family as the reference writes them, told from the settings themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from doppelscan.generators import family_named
from doppelscan.generators.recipe import Training

HEAD = "| setting | `tiny` | `base` | what |\n|---|---|---|---|\n"
COMMON = "| setting | default | what |\n|---|---|---|\n"


def training_table() -> str:
    """The Markdown table of what every stage of every family may be told of its training."""
    default = Training(n_images=0)
    rows = (
        f"| `{name}` | {'' if name == 'n_images' else _value(default, name)} | {what} |\n"
        for name, what in _settings(default)
    )
    return COMMON + "".join(rows)


def settings_table(family: str) -> str:
    """The Markdown table of what `--set` may change of a family, with the values of two presets.

    What is said of every training is left out, and so are its defaults.
    """
    tiny, base = (family_named(family).presets[name] for name in ("tiny", "base"))
    default = {name: _value(Training(n_images=0), name) for name, _ in _settings(Training(n_images=0))}
    rows = []
    for path, what in _settings(tiny):
        stage, _, name = path.rpartition(".")
        values, trains = [_value(preset, path) for preset in (tiny, base)], stage.endswith("training")
        if not trains or values != [default[name]] * 2:
            rows.append(f"| `{path}` | {values[0]} | {values[1]} | {'' if trains else what} |\n")
    return HEAD + "".join(rows)


def _settings(settings: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """The path of each setting, and what its class says of it."""
    told = _attributes(type(settings))
    for field in fields(settings):
        inner = getattr(settings, field.name)
        if is_dataclass(inner):
            yield from _settings(inner, f"{before}{field.name}.")
        else:
            yield before + field.name, told.get(field.name, "")


def _attributes(kind: type) -> dict[str, str]:
    """What a class says of its attributes, one or several at a time."""
    section = re.split(r"^Attributes\n-+\n", inspect.getdoc(kind) or "", flags=re.MULTILINE)[-1]
    pairs = re.findall(r"^(\w+(?:, \w+)*)\n((?: +.*\n?)+)", section, flags=re.MULTILINE)
    return {name: " ".join(what.split()) for names, what in pairs for name in names.split(", ")}


def _value(settings: Any, path: str) -> str:
    for name in path.split("."):
        settings = getattr(settings, name)
    if settings is None or settings == "":
        return ""
    return f"`{','.join(map(_plain, settings)) if isinstance(settings, tuple) else _plain(settings)}`"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
