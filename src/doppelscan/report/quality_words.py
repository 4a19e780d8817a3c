"""What the numbers of quality are called, what they mean, and what each does not see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doppelscan.findings.quality import Quality
from doppelscan.report.numbers import share

__all__ = ["WORDS", "Words", "summary"]


@dataclass(frozen=True)
class Words:
    """One number in words: its title, what it is, which way is better, and what it is blind to."""

    title: str
    meaning: str
    better: str
    blind: str


WORDS = {
    "fid": Words(
        "Fréchet distance",
        "Between the two sets, each taken for a normal cloud: FID's formula",
        "lower",
        "Copies: they have the lowest. Falls with the number of images, so compare sets of one size only.",
    ),
    "fid_infinity": Words(
        "Fréchet distance, ∞ images",
        "The same, carried on to infinitely many images; 0 for a perfect generator",
        "lower",
        "Copies. Rough where there are fewer images than numbers in a vector.",
    ),
    "kid": Words(
        "Kernel distance",
        "Squared mean discrepancy of a cubic kernel (KID), unbiased; 0 for a perfect generator",
        "lower",
        "Copies.",
    ),
    "is": Words(
        "Inception Score",
        "How surely, and into how many of its classes, Inception sorts the images",
        "higher",
        "Real images: it looks at none. Its classes are those of photographs.",
    ),
    "precision": Words(
        "Precision", "Synthetic images that lie among real ones", "higher", "Copies: all of them lie there."
    ),
    "recall": Words(
        "Recall",
        "Real images that lie among synthetic ones",
        "higher",
        "A few odd synthetic images reach far and raise it.",
    ),
    "density": Words(
        "Density",
        "How many real neighbourhoods a synthetic image is in; 1 for a perfect generator",
        "near 1",
        "Copies, and images all alike that lie in the thick of the real ones: both raise it.",
    ),
    "coverage": Words(
        "Coverage",
        "Real images with a synthetic one in their neighbourhood",
        "higher",
        "Copies: they cover best. Grows with the number of synthetic images.",
    ),
    "vendi": Words(
        "Vendi score",
        "As diverse as so many wholly different images",
        "as perfect",
        "Whether the images are real ones, or look real: noise is diverse.",
    ),
    "mean_distance": Words(
        "Mean distance", "Between two synthetic images", "as perfect", "Whether they look real."
    ),
    "ms_ssim": Words(
        "MS-SSIM of pairs",
        "Structure that two synthetic images share, on several scales",
        "as perfect",
        "Whether they look real. It needs no encoder.",
    ),
    "ct": Words(
        "C_T",
        "Are synthetic images nearer to the training set than held-out ones? Below -3 is called copying",
        "near 0",
        "Copies that are few: images that lie farther than usual make up for them. Several images of a patient "
        "make it look surer than it is.",
    ),
    "nearer": Words(
        "Nearer than held-out",
        "How likely a synthetic image is to lie nearer to the training set than a held-out one",
        "near 50%",
        "Copies that are few, for the same reason.",
    ),
    "authenticity": Words(
        "Authenticity",
        "Images farther from the training image next to them than that one is from its own next (AuthPct)",
        "as perfect",
        "Copies of a training image that has a duplicate, or another image of its patient, in the training set: "
        "all pass. A perfect generator does not reach 100%.",
    ),
    "mifid": Words(
        "MiFID",
        "Fréchet distance, made larger where the nearest real images are very near",
        "lower",
        "Few copies. Exact ones of the whole set score best, 0; noisy ones can be better than fresh draws. The "
        "threshold suits "
        "Inception only.",
    ),
}


def summary(quality: Quality) -> Iterator[str]:
    """The most important in a few sentences."""
    inside: list[str] = []
    outside: list[str] = []
    for one in quality.fidelity:
        if one.at_size.known and one.perfect.known:
            held = one.perfect.low <= one.at_size.value <= one.perfect.high
            (inside if held else outside).append(WORDS[one.name].title)
    if inside or outside:
        yield f"{len(inside)} of {len(inside) + len(outside)} numbers are as a perfect generator would have them."
    if outside:
        yield f"Not so: {', '.join(outside)}."
    for test in quality.two_sample:
        yield (
            f"By {test.space}, {share(test.share.value)} of the synthetic images lie nearest to a training image, of "
            f"as many training as held-out ones (p = {test.p_value:.2g}; 50% if the generator saw neither)."
        )
