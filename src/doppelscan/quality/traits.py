"""What the numbers of quality are: their range, which way is better, what they count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["TRAITS", "Trait"]


@dataclass(frozen=True)
class Trait:
    """One number.

    Attributes
    ----------
    least, most
        Between which it lies.
    rate_of
        Of which images it is a share.
    growth
        The power of the number of images that it grows with when nothing else changes: one half for a z-score.
    """

    name: str
    least: float
    most: float
    rate_of: Literal["", "real", "synthetic"] = ""
    growth: float = 0.0


TRAITS = {
    trait.name: trait
    for trait in (
        Trait("fid", 0.0, math.inf),
        Trait("fid_infinity", -math.inf, math.inf),
        Trait("kid", -math.inf, math.inf),
        Trait("is", 1.0, math.inf),
        Trait("precision", 0.0, 1.0, "synthetic"),
        Trait("recall", 0.0, 1.0, "real"),
        Trait("density", 0.0, math.inf),
        Trait("coverage", 0.0, 1.0, "real"),
        Trait("ms_ssim", 0.0, 1.0),
        Trait("vendi", 1.0, math.inf),
        Trait("mean_distance", 0.0, math.inf),
        Trait("ct", -math.inf, math.inf, growth=0.5),
        Trait("nearer", 0.0, 1.0),
        Trait("authenticity", 0.0, 1.0, "synthetic"),
        Trait("mifid", 0.0, math.inf),
    )
}
