"""How the most suspicious matches look: synthetic image, training image, and where they differ."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.montage import difference, picture, png, shrunk
from doppelscan.report.names import Names
from doppelscan.report.numbers import p_value, value
from doppelscan.report.pairs import Pair
from doppelscan.report.sources import Pictures

__all__ = ["Match", "Panel", "gallery"]

LONGEST_SIDE = 512  # pixels of a picture on the page
COARSE_SIDE = 128  # up to here, enlarged pixels are shown as the squares that they are

WITHHELD = "Withheld: training images are redacted."
WITHHELD_COPY = "Withheld: it is flagged as a copy, so it shows a patient too."


@dataclass(frozen=True)
class Panel:
    """One picture of a match as a data URI, or, in `blank`, why there is none."""

    caption: str
    alt: str
    source: str = ""
    blank: str = ""
    wide: bool = False
    coarse: bool = False


@dataclass(frozen=True)
class Match:
    """A synthetic image and the real image most like it, as the page shows them."""

    synthetic: str
    training: str
    patient: str
    verdict: str
    flagged: bool
    facts: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]

    @property
    def wide(self) -> bool:
        """Whether its pictures are better stacked than side by side."""
        return any(panel.wide for panel in self.panels)


def gallery(
    pairs: Iterable[Pair], names: Names, *, synthetic: Pictures, train: Pictures
) -> tuple[Match, ...]:
    """The matches with their pictures.

    Where names are redacted no training image is read at all, and neither is a synthetic image that is
    flagged: it shows a patient too.
    """
    return tuple(_match(pair, names, synthetic, train) for pair in pairs)


def _match(pair: Pair, names: Names, synthetic: Pictures, train: Pictures) -> Match:
    return Match(
        synthetic=pair.synthetic_id,
        training="none" if pair.train_id is None else names.image(pair.train_id),
        patient=names.patient(pair.patient),
        verdict=_verdict(pair),
        flagged=pair.copied,
        facts=tuple(_facts(pair)),
        panels=_panels(pair, names, synthetic, train),
    )


def _verdict(pair: Pair) -> str:
    if pair.p_kind == "undefined":
        return "not judged"
    if pair.p_kind == "identical":
        return "copied: same pixels"
    return "copied" if pair.copied else "not flagged"


def _facts(pair: Pair) -> Iterator[tuple[str, str]]:
    yield "score", value(pair.score)
    yield "statistic", value(pair.statistic)
    yield "p-value", p_value(pair.p_value) + (" (tail)" if pair.p_kind == "tail" else "")
    yield "q-value", p_value(pair.q_value)


def _panels(pair: Pair, names: Names, synthetic: Pictures, train: Pictures) -> tuple[Panel, ...]:
    left = WITHHELD_COPY if names.redacted and pair.copied else _looked_up(pair.synthetic_id, synthetic)
    right = WITHHELD if names.redacted else _looked_up(pair.train_id, train)
    real = names.image(pair.train_id)
    return (
        _panel("synthetic", f"Synthetic image {pair.synthetic_id}", left),
        _panel(
            "training",
            f"The training image most like it, {real}, patient {names.patient(pair.patient)}",
            right,
        ),
        _difference_panel(left, right, redacted=names.redacted),
    )


def _looked_up(name: str | None, pictures: Pictures) -> Image | str:
    """The image, or why there is none."""
    if name is None:
        return "There is no match."
    try:
        return pictures(name)
    except UnreadableImage as error:
        return error.reason


def _panel(caption: str, alt: str, image: Image | str) -> Panel:
    if isinstance(image, str):
        return Panel(caption, alt, blank=image)
    return _pictured(caption, alt, picture(image.pixels, spacing_mm=image.spacing_mm))


def _difference_panel(synthetic: Image | str, training: Image | str, *, redacted: bool) -> Panel:
    caption, alt = (
        "difference",
        "Where the synthetic image is brighter (orange) or darker (blue) than the training image",
    )
    if redacted:
        return Panel(caption, alt, blank=WITHHELD)
    if isinstance(synthetic, str) or isinstance(training, str):
        return Panel(caption, alt, blank="It needs both images.")
    if synthetic.stored.shape != training.stored.shape:
        return Panel(caption, alt, blank="The images differ in shape.")
    return _pictured(
        caption, alt, difference(synthetic.pixels, training.pixels, spacing_mm=training.spacing_mm)
    )


def _pictured(caption: str, alt: str, shown: UInt8[np.ndarray, "rows columns 3"]) -> Panel:
    rows, columns = shown.shape[:2]
    side = LONGEST_SIDE * 3 if columns > 1.8 * rows else LONGEST_SIDE
    source = "data:image/png;base64," + base64.b64encode(png(shrunk(shown, side))).decode()
    return Panel(caption, alt, source, wide=columns > 1.8 * rows, coarse=max(rows, columns) <= COARSE_SIDE)
