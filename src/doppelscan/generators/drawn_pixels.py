"""What are images that are drawn when they are asked for? The pixels of a set, made in batches of one size."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.generators.description import Description
from doppelscan.generators.drawing import batch_size, drawn
from doppelscan.generators.engine import autocast
from doppelscan.generators.family import Drawing, Guide, Networks
from doppelscan.generators.wanted import Wanted
from doppelscan.images import Image
from doppelscan.store import fingerprint

__all__ = ["DrawnPixels", "Source"]

# Images drawn together by networks that are still in use: to measure it takes an image drawn in one step.
_MEASURED: WeakKeyDictionary[Networks, dict[tuple[torch.device, Drawing], int]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Source:
    """A model as drawing needs it: what it is, its averaged networks, where they are, its fingerprint."""

    about: Description
    networks: Networks
    device: torch.device
    fingerprint: str


@dataclass(frozen=True, eq=False)
class DrawnPixels:
    """Images that are drawn when they are asked for, in batches of one size, so that company does not count."""

    source: Source
    wanted: Wanted
    options: Drawing
    guide: Guide | None = None

    def __len__(self) -> int:
        return len(self.wanted.seeds)

    @cached_property
    def at_once(self) -> int:
        """Images that are drawn together."""
        measured, asked = _MEASURED.setdefault(self.source.networks, {}), (self.source.device, self.options)
        if asked not in measured:
            about, networks, (device, options) = self.source.about, self.source.networks, asked
            with self._autocast():
                measured[asked] = batch_size(about, networks, options=options, device=device)
        return measured[asked]

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU draws them."""
        return self.source.device.type == "cuda"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The training images' shape, for each image."""
        return [self.source.about.subject.shape] * len(self)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The training images' type."""
        return np.dtype(self.source.about.intensities.dtype)

    @cached_property
    def fingerprint(self) -> str:
        """What the images are: the model, the seeds, the options and the device that rounds."""
        wanted, device = self.wanted, self.source.device.type
        drawn_as = [wanted.seeds.tolist(), wanted.labels.tolist(), asdict(self.options), device]
        told = [] if wanted.prompts is None else [wanted.prompts]
        begun = [] if wanted.origin is None else [wanted.origin.fingerprint]
        led = [] if self.guide is None else [self.guide.fingerprint]
        return fingerprint([self.source.fingerprint, *drawn_as, *told, *begun, *led])

    @cached_property
    def _drawn(self) -> Shaped[np.ndarray, "n c *space"] | None:
        """All of them; None where one of them cannot be drawn, whatever the reason."""
        try:
            return self.read(0, len(self))
        except UnreadableImage:
            return None

    def image(self, position: int) -> Image:
        """One image; all of them are drawn and kept when the first is asked for, so take few.

        Raises
        ------
        UnreadableImage
            If what it is made from cannot be read, or what is drawn is no number.
        """
        together = None if len(self) > self.at_once else self._drawn
        pixels = self.read(position, position + 1)[0] if together is None else together[position]
        return Image(pixels, self.source.about.spacing_mm)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """Consecutive images."""
        size, wanted = self.at_once, self.wanted.take(np.arange(start, min(stop, len(self))))
        with self._autocast():
            return drawn(
                self.source.about,
                self.source.networks,
                wanted,
                options=self.options,
                device=self.source.device,
                guide=self.guide,
                size=size,
            )

    def take(self, positions: Int64[np.ndarray, " n"]) -> DrawnPixels:
        """The images at these positions."""
        part = replace(self, wanted=self.wanted.take(positions))
        part.__dict__["at_once"] = self.at_once  # measured once
        return part

    def _autocast(self) -> contextlib.AbstractContextManager[None]:
        about = self.source.about
        return autocast(about.kind.stages[-1].training(about.settings), self.source.device)
