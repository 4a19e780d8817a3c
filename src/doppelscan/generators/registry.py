"""Which families of generators are there? Each is imported when it is asked for."""

from __future__ import annotations

import importlib

from doppelscan.errors import InputError, Problem
from doppelscan.generators.family import AnyFamily

__all__ = ["FAMILIES", "family_named"]

FAMILIES = {
    "ddpm": "doppelscan.generators.ddpm",
}
"""Names, and the modules whose `FAMILY` they are."""


def family_named(name: str) -> AnyFamily:
    """The family of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in FAMILIES:
        raise InputError(
            Problem(f"{name!r} is no family", where="FAMILY", cure=f"one of {', '.join(FAMILIES)}")
        )
    family: AnyFamily = importlib.import_module(FAMILIES[name]).FAMILY
    return family
