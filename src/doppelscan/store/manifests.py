"""JSON artefacts that name their format and version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doppelscan.errors import FormatError, Problem
from doppelscan.store.atomic import write_text
from doppelscan.store.objects import read_bytes, shown

__all__ = ["read_json", "write_json"]


def write_json(target: Path, content: Mapping[str, Any]) -> None:
    """Write `content`, which names its `format`, whole or not at all. NaN is refused: JSON has none."""
    assert "format" in content, "every artefact names its format and version"
    write_text(target, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, expected: str) -> dict[str, Any]:
    """The content of an artefact whose format is `expected`, such as `doppelscan-imageset/1`.

    Raises
    ------
    FormatError
        If the file is absent, is no JSON, or is of another format or version.
    """
    try:
        content = json.loads(read_bytes(path))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=shown(path))) from error
    found = content.get("format") if isinstance(content, dict) else None
    if found == expected:
        return dict(content)
    kind, _, version = expected.partition("/")
    newer = isinstance(found, str) and found.startswith(f"{kind}/") and found > expected
    cure = f"it was written by a newer doppelscan; this one reads version {version}" if newer else ""
    raise FormatError(Problem(f"is {found!r}, not {expected!r}", where=shown(path), cure=cure))
