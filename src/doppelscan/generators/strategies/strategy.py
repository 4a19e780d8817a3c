"""Strategies: which part of a real image is drawn anew, and how much of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool

from doppelscan.errors import InputError, Problem
from doppelscan.images.regions import centre

__all__ = ["STRATEGIES", "Name", "Strategy", "strategy_named"]

Name = Literal["text", "inpaint", "outpaint", "in-then-outpaint", "image-to-image"]


@dataclass(frozen=True)
class Strategy:
    """A way to make an image.

    Attributes
    ----------
    name
        `text`: from noise alone, told only what it shows. `inpaint`: the centre, or what a mask covers, is drawn anew.
        `outpaint`: all but that. `in-then-outpaint`: first all but a rim, or what a mask covers, then the rest beside
        what was drawn. `image-to-image`: the whole, from a part of its noise.
    strength
        The share of the steps, hence of the noise, that what is drawn anew goes through; at 1 nothing of it is left.
    share
        The side of the centre, as a share of the image's shortest axis.
    rim
        The width of the rim, as a share of it.
    """

    name: Name
    strength: float = 1.0
    share: float = 0.5
    rim: float = 16 / 512

    def __post_init__(self) -> None:
        problems = [
            Problem(f"is {value}", where=where, cure="above 0, at most 1")
            for where in ("strength", "share", "rim")
            if not 0 < (value := getattr(self, where)) <= 1
        ]
        if problems:
            raise InputError(problems)

    def passes(
        self, space: tuple[int, ...], mask: Bool[np.ndarray, "*space"] | None = None
    ) -> Iterator[Bool[np.ndarray, "*space"]]:
        """What is drawn anew, one pass after the other; `mask` takes the place of centre and rim."""
        if self.name == "image-to-image":
            yield np.ones(space, dtype=bool)
            return
        inner = self._inner(space) if mask is None else mask
        if self.name in {"inpaint", "in-then-outpaint"}:
            yield inner
        if self.name in {"outpaint", "in-then-outpaint"}:
            yield ~inner

    def _inner(self, space: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
        shortest = min(space)
        if self.name == "in-then-outpaint":
            rim = max(1, round(self.rim * shortest))
            return centre(space, tuple(length - 2 * rim for length in space))
        return centre(space, (round(self.share * shortest),) * len(space))


STRATEGIES: dict[str, Strategy] = {
    "text": Strategy("text"),
    "inpaint": Strategy("inpaint", 0.97),
    "outpaint": Strategy("outpaint", 0.97),
    "in-then-outpaint": Strategy("in-then-outpaint", 0.95),
    "image-to-image": Strategy("image-to-image", 0.75),
}
"""As Sagers et al. have them: strengths 0.97 and 0.95, a rim of 16 of 512 pixels.

Not stated there, and our guess: the centre's side, half of the image's; the strengths of what they did not do.
"""


def strategy_named(name: str) -> Strategy:
    """The strategy of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in STRATEGIES:
        cure = f"one of {', '.join(STRATEGIES)}"
        raise InputError(Problem(f"{name!r} is no strategy", where="--strategy", cure=cure))
    return STRATEGIES[name]
