"""Which synthetic images lie nearest to a real one that a classifier was granted? Each beside that one."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from doppelscan.findings.utility import UtilityRun
from doppelscan.imagesets import ImageSet
from doppelscan.report.gallery import COARSE_SIDE, Panel, looked_up, panel
from doppelscan.report.names import Names
from doppelscan.report.numbers import value
from doppelscan.report.sources import Absent, Pictures, pictures

__all__ = ["Neighbour", "neighbours"]

_WITHHELD = "Withheld: real images are redacted, and nobody has judged whether this one is a copy."


@dataclass(frozen=True)
class Neighbour:
    """A synthetic image and the granted real one whose vector is nearest."""

    arm: str
    who: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


def neighbours(run: UtilityRun, names: Names, real: ImageSet | None) -> Iterator[Neighbour]:
    """The images of `nearest.parquet`; real ones are read from `real`, or from where the record says."""
    shown: Pictures = Absent(_WITHHELD) if names.redacted else pictures(run.record, "real", real)
    for row in run.nearest.to_dict("records"):
        nearest = names.image(row["nearest_id"])
        yield Neighbour(
            row["arm"],
            (
                ("synthetic", row["id"]),
                ("label", row["label"]),
                ("nearest", nearest),
                ("distance", value(row["distance"])),
            ),
            (
                _synthetic(f"Synthetic image {row['id']}", row["picture"], redacted=names.redacted),
                panel("nearest real", f"The granted image {nearest}", looked_up(row["nearest_id"], shown)),
            ),
        )


def _synthetic(alt: str, picture: bytes, *, redacted: bool) -> Panel:
    if redacted:
        return Panel("synthetic", alt, blank=_WITHHELD)
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    sides = struct.unpack(">II", picture[16:24])  # where a PNG says them
    return Panel("synthetic", alt, source, coarse=max(sides) <= COARSE_SIDE)
