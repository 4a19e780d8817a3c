"""What was seen of a model at each mark of its training? Lines of `memorization.jsonl` in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelscan.estimates import Estimate
from doppelscan.findings.plain import from_plain, to_plain
from doppelscan.store import write_text

__all__ = ["Look", "looks_at", "write_looks"]

_FILE = "memorization.jsonl"


@dataclass(frozen=True)
class Look:
    """What samples of one checkpoint say: how many copy, how far from real images they are, both with intervals."""

    seen: int
    copied: Estimate
    memorized: Estimate
    frechet: Estimate


def looks_at(model: Path, most_copied: float = 0.05) -> tuple[list[Look], Look | None]:
    """What was seen at each mark, in order, and the nearest to real images among those that copy little enough."""
    path = model / _FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    looks = sorted(
        (from_plain(Look, json.loads(line), where=str(path)) for line in lines), key=lambda look: look.seen
    )
    borne = [look for look in looks if look.copied.high <= most_copied]
    return looks, min(borne, key=lambda look: (look.frechet.value, look.seen), default=None)


def write_looks(model: Path, looks: Sequence[Look]) -> None:
    """Write all that was seen, whole or not at all."""
    write_text(model / _FILE, "".join(f"{json.dumps(to_plain(look))}\n" for look in looks))
