"""What the page says in words: the verdict, what it rests on, what it cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doppelscan.estimates import Estimate
from doppelscan.findings import Findings
from doppelscan.report.numbers import between, counted, share

__all__ = [
    "Reservation",
    "Verdict",
    "changed",
    "kinds",
    "limits",
    "reservations",
    "verdict",
    "verdict_sentence",
]

POWERFUL = 0.8  # an audit that finds fewer of its planted copies gives no all-clear


@dataclass(frozen=True)
class Verdict:
    """The answer in words. `state` is `found`, `clear` or `open`: nothing found, but not to be relied on."""

    state: str
    label: str
    headline: str
    support: tuple[str, ...]


@dataclass(frozen=True)
class Reservation:
    """One thing that weakens the verdict, and what it costs."""

    what: str
    cost: str


def verdict(findings: Findings) -> Verdict:
    """The verdict with its uncertainty and the audit's own power."""
    if findings.n_synthetic == 0:
        return Verdict("open", "Nothing judged", "There was no synthetic image to judge.", ())
    support = tuple(_support(findings))
    if findings.copied.value > 0:
        label = "Copies found" if findings.calibration == "conformal" else "Images above the threshold"
        return Verdict("found", label, _found(findings), support)
    headline = f"No copies were found among {counted(findings.n_synthetic, 'synthetic image')}."
    if tuple(reservations(findings)):
        return Verdict("open", "No copies found, with reservations", headline, support)
    return Verdict("clear", "No copies found", headline, support)


def verdict_sentence(findings: Findings) -> str:
    """The verdict as running text, for a terminal."""
    said = verdict(findings)
    return " ".join([said.headline, *said.support])


def reservations(findings: Findings) -> Iterator[Reservation]:
    """What weakens the verdict, each with what it costs; none for an audit as it should be."""
    yield from _about_sets(findings)
    yield from _about_calibration(findings)
    yield from _about_power(findings)


def limits(findings: Findings) -> Iterator[str]:
    """What this audit cannot see, however good its numbers are."""
    yield (
        "The power holds for the planted transforms listed above, at their strengths. "
        "A copy changed in another way may be found more rarely."
    )
    if missed := _mostly_missed(findings):
        yield f"Copies changed by {missed} were mostly missed in this audit's own controls."
    if findings.method == "pearson":
        yield (
            "Correlation compares images pixel by pixel. A copy that is mirrored, turned, shifted or zoomed "
            "agrees little with its original, and so does one of which only a part was copied."
        )
    if findings.method == "contrastive":
        yield (
            "The encoder compares what it learnt to keep of an image that is changed. It sees images made small: a "
            "copy of a small part may agree little with its original."
        )
    if findings.method == "registered":
        yield (
            "Parts of an image are found where they lie as they lay, or have recognisable points. A small, smooth or "
            "noisy part that was moved may agree too little to be seen."
        )
    if findings.calibration == "conformal" and findings.least_detectable_copies > 1:
        yield (
            f"Fewer than {findings.least_detectable_copies:,} equally evident copies may go unnoticed: with "
            f"{counted(findings.n_null_patients, 'patient')} in the null, chance cannot be ruled out for them."
        )
    yield (
        "The null is made of real images. A generator may have artefacts that no real image has; "
        "what they do to the scores is not in the null."
    )
    yield (
        "The verdict is about these synthetic images and this training set. Other images of the same generator "
        "need an audit of their own, and other ways to learn about patients (from the generator itself, "
        "or from attributes shared by many images) are not tested."
    )


def changed(aligned_by: str) -> str:
    """What became of a training image, from the words of `alignments.parquet`.

    Examples
    --------
    >>> changed("mirrored turned_-8 scaled_1.12 bent"), changed("as_it_is")
    ('mirrored, turned by 8°, enlarged 1.12 times, bent', 'as it is')
    """
    return ", ".join(_change(*word.split("_", 1)) for word in aligned_by.split())


def kinds(aligned_by: str) -> tuple[str, ...]:
    """What became of a training image, without how much.

    Examples
    --------
    >>> kinds("mirrored turned_-8 scaled_1.12"), kinds("as_it_is")
    (('mirrored', 'turned', 'scaled'), ('as_it_is',))
    """
    return tuple(word if word == "as_it_is" else word.partition("_")[0] for word in aligned_by.split())


def _change(word: str, amount: str = "") -> str:
    if word == "scaled":
        size = float(amount)
        return f"enlarged {amount} times" if size > 1 else f"reduced to {amount} of its size"
    told = {
        "as": "as it is",
        "turned": f"turned by {amount.lstrip('-')}°",
        "shifted": f"shifted by {amount}%",
    }
    return told.get(word, "black and white exchanged" if word == "inverted" else word)


def _found(findings: Findings) -> str:
    rate = findings.copied
    n_flagged = round(rate.value * findings.n_synthetic)
    which = f"{n_flagged:,} of {counted(findings.n_synthetic, 'synthetic image')}"
    which += f" ({share(rate.value)}; 95% interval {between(rate)})"
    if findings.calibration != "conformal":
        return f"{which} {'lies' if n_flagged == 1 else 'lie'} above the threshold."
    deed = "copies" if n_flagged == 1 else "copy"
    return f"{which} {deed} an image of a patient. {_exposed(findings)}"


def _exposed(findings: Findings) -> str:
    n = len(findings.exposed)
    who = f"{n:,} of {counted(findings.n_patients, 'patient')}"
    if findings.patients_known:
        return f"{who} {'is' if n == 1 else 'are'} exposed."
    return f"{who} {'is' if n == 1 else 'are'} exposed, where each image of unknown patient counts as one."


def _support(findings: Findings) -> Iterator[str]:
    power, left = findings.power.overall, findings.copies_left
    if not power.known:
        yield "This audit planted no copies of its own, so nothing says how many it would have missed."
    else:
        yield f"An audit like this finds {_rate(power)} of planted copies{_left(findings, left)}."
    if findings.copied.value > 0 and findings.calibration == "conformal":
        yield (
            f"The false discovery rate is {100 * findings.fdr:.3g}%: "
            "about that share of the flagged images may be no copies."
        )


def _left(findings: Findings, left: Estimate) -> str:
    if findings.calibration != "conformal":
        return ""
    if not left.known or left.high >= 0.5:
        return ": too few to say how many it missed"
    if findings.copied.value > 0:
        return f", so up to {share(left.high)} of the images may be further copies that it missed"
    return f", so at most {share(left.high)} of the images may be copies that it missed"


def _about_sets(findings: Findings) -> Iterator[Reservation]:
    if not findings.n_holdout:
        yield Reservation(
            "No held-out patients.",
            "A synthetic image that is merely smooth resembles everything, and may pass for a copy here. "
            "A release needs a holdout.",
        )
    if not findings.patients_known:
        yield Reservation(
            "Some patients are unknown.",
            "Two images of one person may pass for strangers: that hides copies and blurs who is exposed.",
        )
    if errors := findings.identity_errors:
        yield Reservation(
            f"{counted(len(errors), 'pair')} of real images of different patients, yet near-identical.",
            "They make copies look normal, so they were left out of the null. Had they been kept, "
            f"{_rate(findings.copied_with_identity_errors)} of the synthetic images would be flagged.",
        )
    if findings.undefined_scores:
        images = counted(findings.undefined_scores, "synthetic image")
        yield Reservation(f"{images} could not be judged.", "A constant image correlates with nothing.")


def _about_calibration(findings: Findings) -> Iterator[Reservation]:
    if findings.calibration == "dar":
        yield Reservation(
            "The threshold is the 95th percentile of real scores.",
            "It flags about 5% of new images where nothing is copied, and more where the training set is "
            "larger than the holdout: the share flagged is not a share of copies.",
        )
    if findings.calibration == "fixed":
        yield Reservation(
            "The threshold was set by hand.",
            "No false discovery rate stands behind it; the false alarms below show what it does to new images.",
        )


def _about_power(findings: Findings) -> Iterator[Reservation]:
    power = findings.power.overall
    if not power.known:
        yield Reservation(
            "The power is unknown.", "No copies were planted, so an empty result proves nothing."
        )
    elif power.value < POWERFUL:
        yield Reservation(
            f"Only {share(power.value)} of planted copies are found.",
            "The table of planted copies shows which kinds are missed.",
        )


def _mostly_missed(findings: Findings) -> str:
    rates = findings.power.by_transform
    return ", ".join(name for name, rate in rates.items() if rate.known and rate.value < 0.5)


def _rate(rate: Estimate) -> str:
    return f"{share(rate.value)} ({between(rate)})" if rate.known else "an unknown share"
