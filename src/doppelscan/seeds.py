"""Where chance comes from: one independent stream for each thing that is drawn."""

from __future__ import annotations

import hashlib
import re

import numpy as np

from doppelscan.errors import InputError, Problem

__all__ = ["parse_seeds", "stream"]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The random stream of one named thing under one seed.

    The same seed and names give the same numbers, whatever else is drawn, in which order, on how many
    workers. Names are hashed (SHA-256), so that `stream(0, "patient", 3)` and `stream(0, "patient", 4)`
    are independent.
    """
    digest = hashlib.sha256(repr((int(seed), names)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def parse_seeds(text: str) -> range:
    """The seeds that `a-b` (both ends included) or `a` names.

    Examples
    --------
    >>> list(parse_seeds("3-5"))
    [3, 4, 5]
    """
    match = re.fullmatch(r"\s*(\d{1,18})(?:\s*-\s*(\d{1,18}))?\s*", text)
    if not match:
        raise InputError(Problem(f"seeds {text!r} are not of the form 0-999", where="--seeds"))
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise InputError(Problem(f"seeds {text!r} end before they begin", where="--seeds"))
    return range(first, last + 1)
