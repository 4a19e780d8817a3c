"""How bright each tissue is in each channel, and what the scanner adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from doppelscan.imagesets.phantoms.shapes import Field, Grey, Points3
from doppelscan.imagesets.phantoms.tissues import Tissue

__all__ = ["CHANNELS", "Scan", "Sight", "draw_protocol", "draw_scan"]

CHANNELS = ("t1", "t2", "flair", "t1ce", "seg")

# Rows t1, t2, flair, t1ce; columns in the order of Tissue; 1 is the white matter of T1.
_SIGNALS = np.array(
    [
        [0.02, 0.55, 1.70, 0.08, 0.95, 0.26, 0.72, 1.00, 0.82, 0.45, 0.30, 0.45, 0.68, 0.62],
        [0.02, 0.42, 1.05, 0.06, 0.60, 1.75, 0.92, 0.62, 0.68, 0.35, 1.75, 1.40, 1.25, 0.95],
        [0.02, 0.55, 1.15, 0.07, 0.65, 0.22, 0.98, 0.80, 0.85, 0.45, 0.35, 0.70, 1.55, 1.25],
        [0.02, 0.70, 1.60, 0.08, 0.95, 0.28, 0.76, 0.98, 0.84, 1.75, 0.32, 0.48, 0.68, 1.75],
    ],
    np.float32,
)
_SEGMENTS = ((Tissue.CORE, 1), (Tissue.OEDEMA, 2), (Tissue.RIM, 3))

Protocol = Float32[np.ndarray, "4 tissue"]


@dataclass(frozen=True)
class Sight:
    """What a scanner sees: which pixels are near the head, their points, and the share of each tissue there."""

    near: Bool[np.ndarray, "*space"]
    points: Float32[np.ndarray, "3 n"]
    share: Float32[np.ndarray, "tissue n"]


@dataclass(frozen=True)
class Scan:
    """What one visit's scanner does to all channels: shading, gain and noise."""

    shading: tuple[float, ...]
    gains: tuple[float, ...]
    noise: float

    def record(
        self,
        sight: Sight,
        protocol: Protocol,
        channels: Sequence[str],
        rng: np.random.Generator,
    ) -> UInt8[np.ndarray, "c *space"]:
        """The pixels of each channel; `seg` holds labels: 1 core, 2 oedema, 3 rim.

        Each channel has its own noise, whatever other channels are asked for.
        """
        shading = _shading(sight.points, self.shading)
        streams = dict(zip(CHANNELS, rng.spawn(len(CHANNELS)), strict=True))
        return np.stack(
            [
                _segments(sight)
                if name == "seg"
                else self._measure(sight, shading, protocol, name, streams[name])
                for name in channels
            ]
        )

    def _measure(
        self,
        sight: Sight,
        shading: Float32[np.ndarray, "n"],
        protocol: Protocol,
        name: str,
        rng: np.random.Generator,
    ) -> Grey:
        """One channel, with Rician noise: what remains of complex noise when only the magnitude is kept."""
        row = CHANNELS.index(name)
        signal = np.full(sight.near.shape, protocol[row, Tissue.AIR], np.float32)
        signal[sight.near] = np.einsum("tn,t->n", sight.share, protocol[row]) * shading
        real, imaginary = self.noise * rng.standard_normal((2, *signal.shape), np.float32)
        magnitude = np.sqrt((signal + real) ** 2 + imaginary**2) * self.gains[row]
        return np.asarray(np.clip(magnitude + 0.5, 0, 255).astype(np.uint8))


def draw_protocol(rng: np.random.Generator) -> Protocol:
    """How bright one patient's tissues are: tissues and settings differ from patient to patient."""
    spread = np.full(len(Tissue), 0.06)
    spread[[Tissue.FAT, Tissue.MARROW, Tissue.MUSCLE, Tissue.VESSEL]] = 0.22
    spread[[Tissue.FLUID, Tissue.BONE, Tissue.AIR]] = 0.3
    jitter = rng.normal(0, 1, (4, len(Tissue))) * spread
    return np.asarray(_SIGNALS * np.exp(jitter), np.float32)


def draw_scan(rng: np.random.Generator) -> Scan:
    """One visit's scanner settings."""
    shading = tuple(rng.normal(0, (0.06, 0.08, 0.06, 0.05, 0.05, 0.05)).tolist())
    return Scan(shading, tuple(rng.uniform(95, 125, 4).tolist()), rng.uniform(0.015, 0.04))


def _shading(points: Points3, coefficients: tuple[float, ...]) -> Field:
    """The coil's uneven sensitivity: a smooth curve over the head, near 1."""
    scaled = points * 0.01
    slopes, curves = coefficients[:3], coefficients[3:]
    bent = np.zeros_like(points[0])
    for coordinate, slope, curve in zip(scaled, slopes, curves, strict=True):
        bent += coordinate * (coordinate * curve + slope)
    return np.asarray(np.exp(bent))


def _segments(sight: Sight) -> Grey:
    labels = np.zeros(sight.points.shape[1], np.uint8)
    for tissue, label in _SEGMENTS:
        labels[sight.share[tissue] > 0.4] = label
    image = np.zeros(sight.near.shape, np.uint8)
    image[sight.near] = labels
    return image
