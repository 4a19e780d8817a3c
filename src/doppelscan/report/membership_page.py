"""What the page of one membership inference says, and where it is written."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doppelscan.estimates import Estimate
from doppelscan.findings.membership import Attack, Membership, Told, read_membership
from doppelscan.report.intervals import Interval, interval
from doppelscan.report.numbers import UNDEFINED, counted, share
from doppelscan.report.rendering import rendered
from doppelscan.report.roc_figure import write_roc_figure
from doppelscan.report.sentences import Verdict
from doppelscan.store import write_text

__all__ = ["decimals", "membership_sentence", "membership_verdict", "write_membership_page"]

_RULED_OUT = 0.6  # an upper limit above this is no all-clear
_MEANINGS = {
    "distance": "nearest sample against nearest real image of the reference, by pixels",
    "density": "density of samples against that of the reference, on a coarse picture",
    "encoded_distance": "nearest sample against nearest real image of the reference, by an encoder",
    "encoded_density": "density of samples against that of the reference, in an encoder",
    "samples": "all attacks on samples together",
    "loss": "the denoising loss at several levels of noise",
    "proximal": "the same with the noise that the model sees in the clear image",
    "model": "both attacks on the model together",
}


@dataclass(frozen=True)
class Cell:
    """One estimate in words, and as a bar where it is known."""

    value: str
    between: str
    bar: Interval | None


@dataclass(frozen=True)
class Row:
    """One attack on images or on patients."""

    name: str
    meaning: str
    decides: bool
    n: int
    cells: tuple[Cell, ...]


def write_membership_page(folder: Path) -> Path:
    """Draw the curves and write `report.html` beside the `membership.json` in `folder`; the path of the page.

    Raises
    ------
    FormatError
        If the conclusion or its table is absent, damaged, or of another version.
    """
    found, _ = read_membership(folder)
    write_roc_figure(folder)
    picture = base64.b64encode((folder / "roc.png").read_bytes()).decode()
    said = _said(found) | {"picture": f"data:image/png;base64,{picture}"}
    write_text(folder / "report.html", rendered(said, "membership"))
    return folder / "report.html"


def membership_verdict(found: Membership) -> Verdict:
    """The verdict, with what it rests on."""
    attack = found.decisive
    area = attack.by_patient.auc
    numbers = f"AUC by patient {decimals(area)}"
    if not found.concludes:
        explained = f"The attack that decides, {attack.name}, has an {numbers}: explained by the sets."
        cure = "Hold more patients of the same source out at random, train anew, and ask again."
        return Verdict("open", "No conclusion", found.reason, (explained, cure))
    support = tuple(_support(found, attack))
    if area.low > 0.5:
        headline = f"Training patients are told from others: {numbers} ({attack.name})."
        return Verdict("found", "Membership is given away", headline, support)
    if area.high < 0.5:
        headline = f"Others look more like members than members do: {numbers} ({attack.name})."
        odd = "No leak explains this; look for a mistake in the sets, such as training and holdout exchanged."
        return Verdict("open", "Something is wrong", headline, (odd, *support))
    headline = f"Training patients were not told from others: {numbers} ({attack.name})."
    if area.high > _RULED_OUT:
        few = f"With so few patients an AUC of up to {area.high:.3f} is not ruled out."
        return Verdict("open", "Membership was not seen, nor ruled out", headline, (few, *support))
    return Verdict("clear", "Membership was not seen", headline, support)


def membership_sentence(found: Membership) -> str:
    """The verdict as running text, for a terminal."""
    said = membership_verdict(found)
    return " ".join([said.headline, *said.support])


def decimals(estimate: Estimate) -> str:
    """An AUC for readers: `0.512 (0.467 to 0.556)`."""
    if not estimate.known:
        return "unknown"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _support(found: Membership, attack: Attack) -> Iterator[str]:
    strict = attack.by_patient.found_at_1_percent
    if strict.known:
        yield f"At 1% of false positives {strict.percent()} of the training patients are found."
    yield (
        f"Without the model the sets could not be told apart (AUC {decimals(found.difference.auc)}, "
        f"p = {found.difference.p_value:.2g})."
    )


def _said(found: Membership) -> dict[str, Any]:
    return {
        "found": found,
        "verdict": membership_verdict(found),
        "counts": _counts(found),
        "difference": Cell(*_area(found.difference.auc)),
        "p_value": f"{found.difference.p_value:.2g}",
        "tables": (
            ("by image", tuple(_rows(found, "by_image"))),
            ("by patient", tuple(_rows(found, "by_patient"))),
        ),
    }


def _counts(found: Membership) -> str:
    return (
        f"{counted(found.n_members, 'training image')} of {counted(found.n_member_patients, 'patient')}, "
        f"{counted(found.n_others, 'held-out image')} of {counted(found.n_other_patients, 'patient')}; "
        f"{counted(found.n_reference_patients, 'further held-out patient')} compared with"
    )


def _rows(found: Membership, level: str) -> Iterator[Row]:
    for attack in found.attacks:
        told: Told = getattr(attack, level)
        cells = (
            Cell(*_area(told.auc)),
            Cell(*_rate(told.found_at_1_percent)),
            Cell(*_rate(told.found_at_0_1_percent)),
        )
        meaning = _MEANINGS.get(attack.name, "")
        yield Row(attack.name, meaning, attack.name == found.primary, told.auc.n, cells)


def _area(estimate: Estimate) -> tuple[str, str, Interval | None]:
    return f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}", interval(estimate, 1.0)


def _rate(estimate: Estimate) -> tuple[str, str, Interval | None]:
    if not estimate.known:
        return UNDEFINED, "too few to say", None
    between = f"{share(estimate.low)} to {share(estimate.high)}"
    return share(estimate.value), between, interval(estimate, 1.0)
