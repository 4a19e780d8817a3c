"""How released images lie on disk: one module a form, each with its writer, its reader, and what it must not hold."""

from doppelscan.release.forms.doors import (
    Kept,
    Labelled,
    ends_of,
    kept,
    pixels_of,
    refused,
    smuggled,
    written,
)

__all__ = ["Kept", "Labelled", "ends_of", "kept", "pixels_of", "refused", "smuggled", "written"]
