"""What do the words beside the page's numbers mean? Score, statistic, where the flagged begin, p- and q-value."""

from __future__ import annotations

from collections.abc import Iterator

from doppelscan.findings import Findings

__all__ = ["flagged_from", "legend", "statistic_named"]

_SCORES = {
    "pearson": "Correlation with the pixels of the training image most like it. Alone it says little: a smooth "
    "image has high scores with everybody.",
    "contrastive": "Likeness of what an encoder keeps of the two images, 1 at the most. Alone it says little: a "
    "smooth image has high scores with everybody.",
    "registered": "How far the likeness to the training image most like it is beyond the ordinary, from 0 to 1. "
    "Any clear copy has nearly 1.",
}
_STATISTICS = {
    "margin": "How much better its best match among training images is than its best match among held-out ones. "
    "About 0 for images that copy nobody.",
    "z": "The best score, spread out where it is near 1: without a holdout, nothing else is known.",
    "furthest": "Several kinds of evidence are heard, and the one that is furthest beyond the ordinary counts. 0 is "
    "the middle stranger, 1 is what one stranger in twenty exceeds in that kind. The furthest of several is mostly "
    "above 0 for strangers, too: p-values allow for that.",
}
_AXES = {
    "margin": "margin over held-out images",
    "z": "best score, as Fisher's z",
    "furthest": "steps beyond the ordinary",
}
_LEAST_FLAGGED = (
    "The smallest statistic of all flagged images. Nobody set it: the line is drawn by q-values, anywhere between it "
    "and the largest statistic of the others."
)
_P_VALUE = (
    "How often an image that copies nobody has so large a statistic. “Beyond the null”: it is larger than any in the "
    "null, so the p-value comes from the law of the null's tail, not from counting."
)


def statistic_named(statistic: str) -> str:
    """The statistic as an axis names it."""
    return f"Statistic: {_AXES[statistic]}" if statistic in _AXES else "Statistic"


def flagged_from(findings: Findings) -> str:
    """What the mark on the statistic's axis is: with p-values nobody set a threshold."""
    return "least flagged" if findings.calibration == "conformal" else "threshold"


def legend(findings: Findings) -> Iterator[tuple[str, str]]:
    """Each word with its meaning, for this audit's method and statistic."""
    yield "score", _SCORES.get(findings.method, "Likeness to the training image most like it.")
    if findings.statistic in _STATISTICS:
        yield "statistic", f"What the verdict rests on. {_STATISTICS[findings.statistic]}"
    if findings.calibration != "conformal":
        yield "threshold", "An image whose score is above it is flagged."
    elif findings.threshold is not None:
        yield "least flagged", _LEAST_FLAGGED
    yield "p-value", _P_VALUE
    if findings.calibration == "conformal":
        share = f"{100 * findings.fdr:.3g}%"
        yield (
            "q-value",
            f"Flagged is what has {findings.fdr:.3g} or less: of the images flagged so, about {share} copy nobody.",
        )
