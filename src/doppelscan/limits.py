"""How much may a file promise? Limits that hold wherever files are read; a variable of the environment moves each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from doppelscan.errors import InputError, Problem

__all__ = [
    "BYTES",
    "CHANNELS",
    "FILES",
    "FOLLOW",
    "IMAGES",
    "LIMITS",
    "NESTING",
    "PIXELS",
    "VOXELS",
    "Limit",
    "moved",
    "moved_here",
]

FOLLOW = "DOPPELSCAN_FOLLOW_LINKS"
"""Set to 1, links are followed wherever they lead: for folders of one's own that are made of links."""


@dataclass(frozen=True)
class Limit:
    """So many of `what`, unless the environment says otherwise."""

    variable: str
    default: int
    what: str

    @property
    def value(self) -> int:
        """The limit that holds now.

        Raises
        ------
        InputError
            If the variable holds no whole number above 0.
        """
        said = os.environ.get(self.variable, "").strip()
        if not said:
            return self.default
        if not (said.isascii() and said.isdigit() and len(said) <= 18 and int(said)):
            cure = f"a whole number above 0, such as {self.default}"
            raise InputError(Problem(f"is {said[:40]!r}", where=self.variable, cure=cure))
        return int(said)

    def __str__(self) -> str:
        return f"the limit is {self.value:,} {self.what}; {self.variable} moves it"


PIXELS = Limit("DOPPELSCAN_MAX_PIXELS", 2**27, "pixels of a film or slice")
VOXELS = Limit("DOPPELSCAN_MAX_VOXELS", 2**30, "voxels of a volume")
CHANNELS = Limit("DOPPELSCAN_MAX_CHANNELS", 2**12, "channels of an image")
IMAGES = Limit("DOPPELSCAN_MAX_IMAGES", 2**22, "images in a file")
BYTES = Limit("DOPPELSCAN_MAX_BYTES", 2**34, "bytes that a file is unpacked to")
NESTING = Limit("DOPPELSCAN_MAX_NESTING", 64, "folders, sequences or lists within one another")
FILES = Limit("DOPPELSCAN_MAX_FILES", 2**24, "files and folders in a folder")

LIMITS = (PIXELS, VOXELS, CHANNELS, IMAGES, BYTES, NESTING, FILES)


def moved() -> Mapping[str, str]:
    """The variables that are set, for processes on other machines, and for what is kept of what was read."""
    numbers = {one.variable: str(one.value) for one in LIMITS if os.environ.get(one.variable, "").strip()}
    return numbers | ({FOLLOW: "1"} if os.environ.get(FOLLOW, "") == "1" else {})


def moved_here(variables: Mapping[str, str]) -> None:
    """Let the limits of this process be those of another one, which said that they are `moved`."""
    for name in (FOLLOW, *(one.variable for one in LIMITS)):
        if name in variables:
            os.environ[name] = variables[name]
        else:
            os.environ.pop(name, None)
