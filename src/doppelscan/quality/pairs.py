"""How alike in structure are images of one set? MS-SSIM, beside pairs of real images of different patients."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64
from scipy import stats

from doppelscan.estimates import Estimate
from doppelscan.findings.quality import Measured
from doppelscan.imagesets import ImageSet
from doppelscan.quality.settings import QualitySettings
from doppelscan.quality.structure import ms_ssim
from doppelscan.seeds import stream
from doppelscan.workers import Progress, counted

__all__ = ["structure"]


def structure(
    real: ImageSet,
    synthetic: ImageSet,
    window: tuple[float, float],
    settings: QualitySettings,
    progress: Progress,
) -> Measured:
    """The mean MS-SSIM of random pairs of synthetic images; the lower, the more diverse (Odena et al. 2017).

    No image is in two pairs, so that pairs are independent. `perfect` is the same of real images, one of each
    patient, with the limits between which the mean of as many other pairs lies; the number of pairs does not bias it.
    """
    scores = {}
    for part, images in (("synthetic", synthetic), ("real", real)):
        pairs = _pairs(images, part, settings.n_pairs, settings.seed)
        work = f"structure of {part} images"
        scores[part] = np.array(
            [_alike(images, pair, window) for pair in counted(pairs, work, len(pairs), progress)]
        )
    value = _mean(scores["synthetic"], 1.0)
    return Measured("ms_ssim", value, value, _mean(scores["real"], np.sqrt(1 + _ratio(scores))))


def _pairs(images: ImageSet, part: str, n_pairs: int, seed: int) -> Int64[np.ndarray, "p 2"]:
    """Pairs that share no image; of real ones no patient."""
    order = stream(seed, "pairs", part).permutation(len(images))
    whose = images.patients[order] if part == "real" else np.arange(len(order))
    first = np.sort(np.unique(whose, return_index=True)[1])
    chosen = order[first][: 2 * n_pairs]
    return np.asarray(chosen[: len(chosen) // 2 * 2].reshape(-1, 2), dtype=np.int64)


def _alike(images: ImageSet, pair: Int64[np.ndarray, " 2"], window: tuple[float, float]) -> float:
    low, high = window
    a, b = ((images[int(one)].pixels.astype(np.float64) - low) / (high - low) for one in pair)
    return ms_ssim(a, b, 1.0)


def _ratio(scores: dict[str, Float64[np.ndarray, " _"]]) -> float:
    """By how much other pairs, as many as the synthetic ones, vary besides the real ones."""
    return len(scores["real"]) / max(len(scores["synthetic"]), 1)


def _mean(scores: Float64[np.ndarray, " p"], wider: float) -> Estimate:
    """The mean of independent pairs, with the limits of Student's t."""
    n = len(scores)
    if n < 2:
        return Estimate(float(scores.mean()) if n else float("nan"), 0.0, 1.0, n)
    value = float(scores.mean())
    margin = wider * float(stats.t.ppf(0.975, n - 1) * scores.std(ddof=1) / np.sqrt(n))
    return Estimate(value, max(value - margin, 0.0), min(value + margin, 1.0), n)
