"""Which peers are at hand? Or else the reason why not."""

from __future__ import annotations

import importlib

__all__ = ["missing"]


def missing(*packages: str) -> str | None:
    """Why not all of these packages can be imported; None where they can."""
    for name in packages:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a package made for another torch may raise anything
            return f"{name} cannot be imported ({error})"
    return None
