"""What is a trained model? Networks and what they are of; it draws one image a seed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int64, Shaped
from torch import nn

from doppelscan.encoders.devices import device_named
from doppelscan.errors import InputError, Problem
from doppelscan.generators.asking import refuse_unknown
from doppelscan.generators.chance import seeded
from doppelscan.generators.checkpoints import Checkpoint, checkpoints_of, load_averaged
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.description import Description
from doppelscan.generators.drawing import batch_size, drawn
from doppelscan.generators.engine import autocast
from doppelscan.generators.family import Drawing, Guide, Networks
from doppelscan.generators.learner import layout_of
from doppelscan.images import Image
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.imageset import with_columns
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, fingerprint_file
from doppelscan.workers import Progress, silent

__all__ = ["DrawnPixels", "Model"]


@dataclass(frozen=True, eq=False)
class Model:
    """A trained generator, ready to draw."""

    folder: Path
    checkpoint: Checkpoint
    description: Description
    networks: Networks
    device: torch.device

    @staticmethod
    def open(folder: str | Path, *, at: int | None = None, device: str = "auto") -> Model:
        """The model in a folder as it was last, or after `at` images, trained to the end or not.

        Raises
        ------
        InputError
            If there is no such checkpoint.
        FormatError
            If a file is absent, damaged or of another version.
        """
        folder = Path(folder)
        description = Description.read(folder)
        checkpoint, place = _chosen(folder, description, at), device_named(device)
        networks = nn.ModuleDict()
        with seeded(torch.device("cpu"), 0, "weights that are about to be read"):
            for stage in description.kind.stages:
                added = stage.networks(description.settings, description.subject)
                networks.update({name: added[name] for name in stage.averaged})
        load_averaged(networks, checkpoint)
        networks = networks.to(place).eval().requires_grad_(requires_grad=False)
        networks = networks.to(memory_format=layout_of(description.subject))  # type: ignore[call-overload]
        return Model(folder, checkpoint, description, networks, place)

    def sample(
        self, seeds: Sequence[int], options: Drawing | None = None, *, guide: Guide | None = None
    ) -> ImageSet:
        """One image a seed, drawn when it is asked for; its id is its seed.

        The table says the seed, the generator (its fingerprint) and, of a conditional model, the label: the
        one asked for, or one drawn by the seed as often as in the training set.

        Raises
        ------
        InputError
            If the family does not know an option or follows no guide, or the model does not know the label.
        """
        options = options or Drawing()
        self._refuse_unknown(options, guide)
        labels = self._labels(seeds, options)
        names = [self.description.subject.labels[number] if number >= 0 else None for number in labels]
        generator = f"{self.description.family}-{self.fingerprint[:12]}"
        ids = [f"{seed:08d}" for seed in seeds]
        columns = {"id": ids, "label": names, "seed": list(seeds), "generator": generator}
        pixels = DrawnPixels(self, np.array(seeds, dtype=np.int64), labels, options, guide)
        return ImageSet(with_columns(pd.DataFrame(columns)), pixels, name=f"samples of {self.folder}")

    def sample_to(
        self,
        seeds: Sequence[int],
        out: Path,
        options: Drawing | None = None,
        *,
        guide: Guide | None = None,
        progress: Progress = silent,
    ) -> ImageSet:
        """The same, written to a folder; a call that was cut off goes on where it stood when it is made again."""
        images = self.sample(seeds, options, guide=guide)
        size = images.pixels.at_once if isinstance(images.pixels, DrawnPixels) else 1

        def drawing(_work: str, done: int, _total: int) -> None:
            progress("drawing", min(done * size, len(images)), len(images))

        return save(images, out, resources=Resources(workers=1), progress=drawing)

    @cached_property
    def denoiser(self) -> Denoiser:
        """What can be asked of a diffusion model about an image.

        Raises
        ------
        InputError
            If the family is of another kind.
        """
        about = self.description
        if about.kind.denoiser is None:
            cure = "draw images with `doppelscan sample`, and give --synthetic"
            raise InputError(
                Problem(f"{about.family} is no diffusion model", where=str(self.folder), cure=cure)
            )
        return about.kind.denoiser(about.settings, self.networks, self.device)

    @cached_property
    def fingerprint(self) -> str:
        """What the model is, told from its weights and settings."""
        weights = fingerprint_file(self.checkpoint.folder / "weights.safetensors")
        about = [self.description.family, asdict(self.description.settings)]  # type: ignore[call-overload]
        return fingerprint([weights, *about, asdict(self.description.intensities)])

    def _labels(self, seeds: Sequence[int], options: Drawing) -> Int64[np.ndarray, " n"]:
        labels, counts = self.description.subject.labels, np.array(self.description.label_counts)
        if not labels:
            return np.full(len(seeds), -1)
        if options.label is not None:
            return np.full(len(seeds), labels.index(options.label))
        shares = counts / counts.sum()
        return np.array(
            [stream(seed, "label").choice(len(labels), p=shares) for seed in seeds], dtype=np.int64
        )

    def _refuse_unknown(self, options: Drawing, guide: Guide | None) -> None:
        family = self.description.kind
        if guide is not None and not family.follows:
            raise InputError(Problem(f"{family.name} follows no guide", cure="diffusion of pixels does"))
        refuse_unknown(
            options,
            generator=family.name,
            known=family.options,
            labels=self.description.subject.labels,
            unlabelled="this model is unconditional",
        )


@dataclass(frozen=True, eq=False)
class DrawnPixels:
    """Images that are drawn when they are asked for, in batches of one size, so that company does not count."""

    model: Model
    seeds: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]
    options: Drawing
    guide: Guide | None = None

    def __len__(self) -> int:
        return len(self.seeds)

    @cached_property
    def at_once(self) -> int:
        """Images that are drawn together."""
        with self._autocast():
            return batch_size(
                self.model.description, self.model.networks, options=self.options, device=self.model.device
            )

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The training images' shape, for each image."""
        return [self.model.description.subject.shape] * len(self)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The training images' type."""
        return np.dtype(self.model.description.intensities.dtype)

    @cached_property
    def fingerprint(self) -> str:
        """What the images are: the model, the seeds, the options and the device that rounds."""
        drawn_as = [self.seeds.tolist(), self.labels.tolist(), asdict(self.options), self.model.device.type]
        led = [] if self.guide is None else [self.guide.fingerprint]
        return fingerprint([self.model.fingerprint, *drawn_as, *led])

    @cached_property
    def _drawn(self) -> Shaped[np.ndarray, "n c *space"]:
        return self.read(0, len(self))

    def image(self, position: int) -> Image:
        """One image; all of them are drawn and kept when the first is asked for, so take few."""
        alone = len(self) > self.at_once
        pixels = self.read(position, position + 1)[0] if alone else self._drawn[position]
        return Image(pixels, self.model.description.spacing_mm)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """Consecutive images."""
        size = self.at_once
        with self._autocast():
            return drawn(
                self.model.description,
                self.model.networks,
                seeds=self.seeds[start:stop],
                labels=self.labels[start:stop],
                options=self.options,
                device=self.model.device,
                guide=self.guide,
                size=size,
            )

    def take(self, positions: Int64[np.ndarray, " n"]) -> DrawnPixels:
        """The images at these positions."""
        part = replace(self, seeds=self.seeds[positions], labels=self.labels[positions])
        part.__dict__["at_once"] = self.at_once  # measured once
        return part

    def _autocast(self) -> contextlib.AbstractContextManager[None]:
        about = self.model.description
        return autocast(about.kind.stages[-1].training(about.settings), self.model.device)


def _chosen(folder: Path, description: Description, at: int | None) -> Checkpoint:
    """The last checkpoint of the last stage, or the one after so many images."""
    last = len(description.kind.stages) - 1
    found = [checkpoint for checkpoint in checkpoints_of(folder) if checkpoint.stage == last]
    asked = [checkpoint for checkpoint in found if at is None or checkpoint.seen == at]
    if asked:
        return asked[-1]
    cure = f"one of {', '.join(str(one.seen) for one in found)}" if found else "train it first"
    raise InputError(Problem("there is no such checkpoint", where=str(folder), cure=cure))
