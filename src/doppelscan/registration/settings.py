"""What may be chosen about the alignment of two images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from doppelscan.errors import InputError, Problem

__all__ = ["AlignmentSettings", "Poses"]

Poses = Literal["mirrored", "turned"]


@dataclass(frozen=True)
class AlignmentSettings:
    """How pairs of images are aligned; the defaults were chosen on chest films.

    Attributes
    ----------
    side
        The longest side at which images are compared, in pixels; 64 in 2D and 32 in 3D by default.
        Smaller images are compared as they are.
    poses
        `mirrored`: as it is, and left and right exchanged. `turned`: all flips and quarter turns, 8 of an
        image and 48 of a volume.
    turns_degrees, zooms
        Rotations (in each plane of the axes, either way) and zooms that each pose is started from.
    n_starts
        How many starts of each pair, the best at a quarter of the side, are followed at half the side.
    inversion
        Whether dark may correspond to bright.
    n_controls
        Controls of the free-form deformation along each axis, at least 4; 6 in 2D and 5 in 3D by default.
    bending
        What bending costs: the weight of its mean squared second derivative, beside the squared
        difference of the images.
    first_steps, coarse_steps, affine_steps, bending_steps
        Gauss-Newton steps of each stage: at a quarter and half of the side, then at the side itself.
    window
        The scale of local agreement: the standard deviation of its Gaussian window, as a share of the
        longest side.
    left_out
        The share of the detail that agrees least and is not counted, so that a part may differ.
    least_overlap
        The share of the fixed image below which the score falls with the overlap.
    """

    side: int | None = None
    poses: Poses = "mirrored"
    turns_degrees: tuple[float, ...] = (0.0,)
    zooms: tuple[float, ...] = (1.0,)
    n_starts: int = 2
    inversion: bool = False
    n_controls: int | None = None
    bending: float = 0.003
    first_steps: int = 4
    coarse_steps: int = 10
    affine_steps: int = 3
    bending_steps: int = 6
    window: float = 0.04
    left_out: float = 0.25
    least_overlap: float = 0.5

    def __post_init__(self) -> None:
        if problems := [Problem(what, where=where) for where, what in self._problems()]:
            raise InputError(problems)

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        return asdict(self)

    def side_of(self, n_axes: int) -> int:
        """The longest side at which images of so many axes are compared."""
        return self.side or {2: 64, 3: 32}[n_axes]

    def controls_of(self, n_axes: int) -> int:
        """The controls along each axis for images of so many axes."""
        return self.n_controls or {2: 6, 3: 5}[n_axes]

    def _problems(self) -> list[tuple[str, str]]:
        steps = ("first_steps", "coarse_steps", "affine_steps", "bending_steps")
        wrong = {
            "side": self.side is not None and self.side < 8,
            "poses": self.poses not in get_args(Poses),
            "turns_degrees": not self.turns_degrees,
            "zooms": not self.zooms or min(self.zooms) <= 0,
            "n_starts": self.n_starts < 1,
            "n_controls": self.n_controls is not None and self.n_controls < 4,
            "bending": not self.bending > 0,
            "window": not 0 < self.window <= 1,
            "left_out": not 0 <= self.left_out < 1,
            "least_overlap": not 0 < self.least_overlap <= 1,
        } | {name: getattr(self, name) < 0 for name in steps}
        return [(name, f"cannot be {getattr(self, name)!r}") for name, found in wrong.items() if found]
