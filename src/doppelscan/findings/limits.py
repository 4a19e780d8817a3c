"""Is the share of copies surely within a limit? Its upper limit decides; and how many images it takes to show it."""

from __future__ import annotations

import math

from doppelscan.findings.findings import Findings

__all__ = ["copied_above"]


def copied_above(findings: Findings, limit: float) -> str:
    """What speaks against a copied share of at most `limit` (0 to 1), in words; empty where nothing does."""
    copied = findings.copied
    if copied.high <= limit:
        return ""
    n = _images_needed(limit)
    few = f"; without a single copy that takes {n} synthetic images" if findings.n_synthetic < n else ""
    return f"copied is {copied.percent()}: its upper limit is above {limit:g}{few}"


def _images_needed(limit: float) -> int:
    """Images of which none is a copy whose exact 95% interval (Clopper, Pearson) ends at the limit."""
    return math.ceil(math.log(0.025) / math.log1p(-limit)) if 0 < limit < 1 else 0
