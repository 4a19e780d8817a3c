"""What a lesion of each class looks like, and how much its class says about that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float64

from doppelscan.imagesets.phantoms.shapes import (
    Field,
    Points2,
    Waves,
    cover,
    draw_waves,
    ellipsoid,
    merge,
    unit,
)

__all__ = ["CLASSES", "TRAITS", "Lesion", "draw_lesion", "separation"]

TRAITS = ("pigment", "blood", "scale", "ruggedness", "lopsidedness", "variegation", "network", "radius")
CLASSES = MappingProxyType(  # the mean of each trait, in spreads of one lesion around its class
    {
        "nevus": (0.8, -0.8, -1.0, -1.0, -0.9, -0.9, 0.9, -0.8),
        "melanoma": (1.3, -0.3, -0.4, 1.1, 1.1, 1.2, 0.3, 0.4),
        "keratosis": (0.6, -0.7, 1.0, 0.0, -0.4, 0.2, -0.9, 0.3),
        "carcinoma": (-0.9, 0.4, -0.3, -0.2, 0.4, 0.7, -0.6, -0.3),
        "psoriasis": (-1.3, 1.1, 1.4, 0.7, 0.5, 0.0, -0.9, 1.1),
        "angioma": (-1.1, 1.5, -1.0, -0.7, -0.5, -0.4, -0.8, -0.8),
    }
)


@dataclass(frozen=True)
class Lesion:
    """One lesion: lengths in half-widths of the picture, absorption in optical density."""

    pigment: float
    blood: float
    scale: float  # share of the surface under flakes
    ruggedness: float
    lopsidedness: float  # how far a second lobe lies from the middle
    variegation: float
    network: float
    radius: float
    flatness: float  # short axis over long
    outline: Waves
    patches: Waves
    mesh: Waves
    flakes: Waves

    def inside(self, points: Points2, edge: float) -> Field:
        """The share of each pixel that the lesion covers."""
        short, away = self.radius * self.flatness, self.lopsidedness * self.radius
        main = ellipsoid(points, (-0.4 * away, 0.0), (self.radius, short))
        lobe = ellipsoid(points, (0.9 * away, 0.5 * away), (0.6 * self.radius, 0.6 * short))
        border = merge(main, lobe, 0.5 * self.radius)
        uneven = border + self.ruggedness * self.radius * self.outline.at(points)
        return cover(uneven, 0.16 * self.radius + edge)

    def absorption(self, points: Points2, inside: Field) -> tuple[Field, Field]:
        """Melanin and blood that the lesion adds at each point."""
        patchy = np.clip(1 + self.variegation * self.patches.at(points), 0.1, None)
        meshed = np.clip(1 + self.network * self.mesh.at(points), 0.1, None)
        return inside * self.pigment * patchy * meshed, inside * self.blood * np.sqrt(patchy)

    def flaking(self, points: Points2, inside: Field) -> Field:
        """The share of each pixel under flakes of white scale."""
        return np.asarray(0.75 * inside * unit(self.flakes.at(points) + 3 * self.scale - 2))


def draw_lesion(rng: np.random.Generator, label: str, classes: Sequence[str], signal: float) -> Lesion:
    """A lesion of the class `label` among `classes`; the same numbers are drawn for every class and signal.

    Each trait is normal around its class' mean with a spread of 1; `signal` scales how far the classes'
    means lie from their middle, so that at 0 a lesion is the same whatever its class.
    """
    middle = np.mean([CLASSES[name] for name in dict.fromkeys(classes)], axis=0)
    own = middle + signal * (np.array(CLASSES[label]) - middle) + rng.standard_normal(len(TRAITS))
    z = dict(zip(TRAITS, own.tolist(), strict=True))
    radius = 0.4 * float(np.exp(0.22 * z["radius"]))
    return Lesion(
        pigment=0.6 * float(np.exp(0.65 * z["pigment"])),
        blood=0.3 * float(np.exp(0.8 * z["blood"])),
        scale=_share(z["scale"] - 0.6),
        ruggedness=0.04 * float(np.exp(0.5 * z["ruggedness"])),
        lopsidedness=0.5 * _share(z["lopsidedness"]),
        variegation=0.6 * _share(z["variegation"] - 0.4),
        network=0.5 * _share(z["network"] - 0.5),
        radius=radius,
        flatness=rng.uniform(0.7, 1.0),
        outline=draw_waves(rng, 8, (0.5 * radius, 1.6 * radius), 2),
        patches=draw_waves(rng, 6, (0.5 * radius, 1.5 * radius), 2),
        mesh=draw_waves(rng, 10, (0.1, 0.16), 2),
        flakes=draw_waves(rng, 12, (0.1, 0.35), 2),
    )


def separation(classes: Sequence[str] = tuple(CLASSES), signal: float = 1.0) -> Float64[np.ndarray, "k k"]:
    """How far each class' mean lies from each other's, in spreads of one lesion (d'), all traits together.

    It bounds what any classifier can do: two classes `d` apart are told apart at best in a share of
    Phi(d / 2) of all cases, by one who reads every trait without error.
    """
    means = signal * np.array([CLASSES[name] for name in classes])
    return np.asarray(np.linalg.norm(means[:, None] - means[None], axis=-1))


def _share(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))
