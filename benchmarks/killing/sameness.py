"""Which bytes must come out the same? All that a command wrote, but for times, speeds, and where they were noted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["STATED", "differences", "outcome"]

STATED: Mapping[str, tuple[str, ...]] = {
    "run.json": ("started", "seconds"),
    "cell.json": ("seconds",),
    "samples.json": ("seconds", "images_a_second"),
    "metrics.jsonl": ("steps a second",),
}
"""What of these files states times and speeds, and is left out; so are the `seconds_` of `study.parquet`, the times
that pages print, `run.log` and `tensorboard/`."""

_LEFT_OUT = re.compile(r"(^|/)(tensorboard/.*|run\.log)$")
_TIMES = re.compile(rb"<h3>Times</h3>\s*<dl>.*?</dl>|[0-9.]+ hours of work|\d{4}-\d\d-\d\d[T ][0-9:.]+")


def outcome(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by name; hidden ones too: what is left half written is a difference."""
    files = sorted(path for path in folder.rglob("*") if not path.is_dir())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: _timeless(path) for name, path in named.items() if not _LEFT_OUT.search(name)}


def differences(found: Mapping[str, bytes], whole: Mapping[str, bytes]) -> list[str]:
    """The names of files that are in one alone, or differ."""
    return sorted(name for name in {*found, *whole} if found.get(name) != whole.get(name))


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    stated = STATED.get(path.name, ())
    if path.suffix == ".jsonl":
        return "\n".join(_without(line, stated) for line in content.decode().splitlines()).encode()
    if path.name == "study.parquet":
        cells = pd.read_parquet(path)
        return cells.drop(columns=[name for name in cells if "seconds" in name]).to_json().encode()
    if stated:
        return _without(content, stated).encode()
    return _TIMES.sub(b"", content) if path.suffix == ".html" else content


def _without(text: str | bytes, stated: tuple[str, ...]) -> str:
    said: dict[str, Any] = json.loads(text)
    return json.dumps({name: value for name, value in said.items() if name not in stated})
