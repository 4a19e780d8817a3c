"""How the most suspicious matches look: synthetic image, training image, and where they differ or agree."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from doppelscan.errors import UnreadableImage
from doppelscan.findings import AlignedPair
from doppelscan.images import Image
from doppelscan.images.montage import difference, picture, png, shrunk
from doppelscan.report.names import Names
from doppelscan.report.numbers import p_value, share, value
from doppelscan.report.overlays import aligned_pictures
from doppelscan.report.pairs import Pair
from doppelscan.report.sentences import changed, kinds
from doppelscan.report.sources import Pictures

__all__ = ["Match", "Panel", "gallery", "looked_up", "panel", "pictured"]

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
    alignment: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]
    kinds: tuple[str, ...] = ()  # what was done to align it, without amounts

    @property
    def wide(self) -> bool:
        """Whether its pictures are better stacked than side by side."""
        return any(panel.wide for panel in self.panels)


def gallery(
    pairs: Iterable[Pair],
    names: Names,
    *,
    synthetic: Pictures,
    train: Pictures,
    aligned: Mapping[str, AlignedPair],
) -> tuple[Match, ...]:
    """The matches with their pictures; `aligned` are those that were aligned, by synthetic image.

    Where names are redacted no training image is read at all, and neither is a synthetic image that is
    flagged: it shows a patient too.
    """
    return tuple(_match(pair, _of(pair, aligned), names, synthetic, train) for pair in pairs)


def looked_up(name: str | None, pictures: Pictures) -> Image | str:
    """The image, or why there is none."""
    if name is None:
        return "There is no match."
    try:
        return pictures(name)
    except UnreadableImage as error:
        return error.reason


def panel(caption: str, alt: str, image: Image | str) -> Panel:
    """The image's picture, or why there is none."""
    if isinstance(image, str):
        return Panel(caption, alt, blank=image)
    return pictured(caption, alt, picture(image.pixels, spacing_mm=image.spacing_mm))


def pictured(caption: str, alt: str, shown: UInt8[np.ndarray, "rows columns 3"]) -> Panel:
    """The picture as it is on the page."""
    rows, columns = shown.shape[:2]
    side = LONGEST_SIDE * 3 if columns > 1.8 * rows else LONGEST_SIDE
    source = "data:image/png;base64," + base64.b64encode(png(shrunk(shown, side))).decode()
    return Panel(caption, alt, source, wide=columns > 1.8 * rows, coarse=max(rows, columns) <= COARSE_SIDE)


def _of(pair: Pair, aligned: Mapping[str, AlignedPair]) -> AlignedPair | None:
    found = aligned.get(pair.synthetic_id)
    return found if found is not None and found.train_id == pair.train_id else None


def _match(
    pair: Pair, aligned: AlignedPair | None, names: Names, synthetic: Pictures, train: Pictures
) -> Match:
    return Match(
        synthetic=pair.synthetic_id,
        training="none" if pair.train_id is None else names.image(pair.train_id),
        patient=names.patient(pair.patient),
        verdict=_verdict(pair),
        flagged=pair.copied,
        alignment=tuple(_alignment(pair, aligned)),
        facts=tuple(_facts(pair)),
        panels=_panels(pair, aligned, names, synthetic, train),
        kinds=() if aligned is None else kinds(aligned.aligned_by),
    )


def _verdict(pair: Pair) -> str:
    if pair.p_kind == "undefined":
        return "not judged"
    if pair.p_kind == "identical":
        return "copied: same pixels"
    return "copied" if pair.copied else "not flagged"


def _alignment(pair: Pair, aligned: AlignedPair | None) -> Iterator[tuple[str, str]]:
    if aligned is not None:
        yield "aligned", changed(aligned.aligned_by)
        if pair.copied and aligned.part is not None:
            yield "outlined", f"{share(float(aligned.part.mean()))} of the image"


def _facts(pair: Pair) -> Iterator[tuple[str, str]]:
    yield "score", value(pair.score)
    yield "statistic", value(pair.statistic)
    yield "p-value", p_value(pair.p_value) + (" (beyond the null)" if pair.p_kind == "tail" else "")
    yield "q-value", p_value(pair.q_value)


def _panels(
    pair: Pair, aligned: AlignedPair | None, names: Names, synthetic: Pictures, train: Pictures
) -> tuple[Panel, ...]:
    left = WITHHELD_COPY if names.redacted and pair.copied else looked_up(pair.synthetic_id, synthetic)
    right = WITHHELD if names.redacted else looked_up(pair.train_id, train)
    real = names.image(pair.train_id)
    alts = (
        f"Synthetic image {pair.synthetic_id}",
        f"The training image most like it, {real}, patient {names.patient(pair.patient)}",
    )
    if isinstance(left, Image) and isinstance(right, Image) and aligned and _fit(left, right, aligned):
        return _aligned_panels(left, right, aligned, alts, outlined=pair.copied)
    return (
        panel("synthetic", alts[0], left),
        panel("training", alts[1], right),
        _difference_panel(left, right, redacted=names.redacted),
    )


def _fit(synthetic: Image, training: Image, aligned: AlignedPair) -> bool:
    """Whether the images are as they were when they were aligned."""
    return (
        synthetic.stored.shape == training.stored.shape
        and synthetic.stored.ndim == aligned.agreement.ndim + 1
    )


def _aligned_panels(
    synthetic: Image, training: Image, aligned: AlignedPair, alts: tuple[str, str], *, outlined: bool
) -> tuple[Panel, ...]:
    shown = aligned_pictures(synthetic, training, aligned, outlined=outlined, longest=LONGEST_SIDE)
    agrees = share(min(1.0, float((aligned.agreement > 50).mean()) / max(aligned.overlap, 1e-9)))
    where = "; outlined is the part that agrees" if outlined and aligned.part is not None else ""
    return (
        pictured("synthetic", alts[0] + where, shown.synthetic),
        pictured(
            "training, aligned",
            f"{alts[1]}, laid onto it: {changed(aligned.aligned_by)}{where}",
            shown.training,
        ),
        pictured(
            "agreement",
            f"Where their fine detail agrees: in {agrees} of what they share{where}",
            shown.agreement,
        ),
    )


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
    return pictured(
        caption, alt, difference(synthetic.pixels, training.pixels, spacing_mm=training.spacing_mm)
    )
