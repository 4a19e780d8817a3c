"""What is a trained model? Networks and what they are of; it draws one image a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from doppelscan.encoders.devices import device_named
from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.generators.chance import seeded
from doppelscan.generators.checkpoints import Checkpoint, checkpoints_of, load_averaged
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.description import Description
from doppelscan.generators.drawn_pixels import DrawnPixels, Source
from doppelscan.generators.family import Drawing, Guide, Networks
from doppelscan.generators.learner import layout_of
from doppelscan.generators.strategies.derivation import Derivation
from doppelscan.generators.wanted import Wanted, refuse_unlike
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.imageset import with_columns
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, fingerprint_file
from doppelscan.workers import Progress, silent

__all__ = ["Model"]


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
        _refuse_larger(description, checkpoint)
        with seeded(torch.device("cpu"), 0, "weights that are about to be read"):
            networks = _averaged(description)
        load_averaged(networks, checkpoint)
        networks = networks.to(place).eval().requires_grad_(requires_grad=False)
        networks = networks.to(memory_format=layout_of(description.subject))  # type: ignore[call-overload]
        return Model(folder, checkpoint, description, networks, place)

    def sample(
        self,
        seeds: Sequence[int],
        options: Drawing | None = None,
        *,
        guide: Guide | None = None,
        derivation: Derivation | None = None,
        turns: Sequence[int] | None = None,
    ) -> ImageSet:
        """One image a seed, drawn when it is asked for; its id is its seed.

        The table says the seed, the generator (its fingerprint) and, of a conditional model, the label: the
        one asked for, or one drawn by the seed as often as in the training set. Of images that are derived it says
        the strategy, the `source_id` and, where only a part was drawn anew, the `region`; label and group
        are the source's. Of a model that is told words it says the prompt.

        Parameters
        ----------
        derivation
            What images are begun from: the seed-th source, counted round, or that of the given `turns`.

        Raises
        ------
        InputError
            If the family does not know an option, follows no guide or begins from no image, the model does not know
            the label, or the sources are of another shape or type than its images.
        """
        options = options or Drawing()
        about = self.description
        refuse_unlike(about, options, guide, derivation)
        origin = None if derivation is None else derivation.origin(seeds if turns is None else turns, options)
        wanted = Wanted.of(about, seeds, options, origin)
        table = wanted.table(about.subject, generator=f"{about.family}-{self.fingerprint[:12]}")
        source = Source(about, self.networks, self.device, self.fingerprint)
        pixels = DrawnPixels(source, wanted, options, guide)
        return ImageSet(with_columns(table), pixels, name=f"samples of {self.folder}")

    def sample_to(
        self,
        seeds: Sequence[int],
        out: Path,
        options: Drawing | None = None,
        *,
        guide: Guide | None = None,
        derivation: Derivation | None = None,
        progress: Progress = silent,
    ) -> ImageSet:
        """The same, written to a folder; a call that was cut off goes on where it stood when it is made again."""
        images = self.sample(seeds, options, guide=guide, derivation=derivation)
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


def _averaged(description: Description) -> nn.ModuleDict:
    """The networks that drawing needs, as they are before any training."""
    networks = nn.ModuleDict()
    for stage in description.kind.stages:
        added = stage.networks(description.settings, description.subject)
        networks.update({name: added[name] for name in stage.averaged})
    return networks


def _refuse_larger(description: Description, checkpoint: Checkpoint) -> None:
    """Refuse settings of networks that the checkpoint cannot hold, before memory is taken for these."""
    path = checkpoint.folder / "weights.safetensors"
    if any(stage.from_files for stage in description.kind.stages) or not path.is_file():
        return
    held = path.stat().st_size
    try:
        with torch.device("meta"):
            weights = _averaged(description).state_dict().values()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(
            Problem(f"its networks cannot be made: {_first_line(error)}", where=str(path))
        ) from error
    if held < (needed := sum(weight.nbytes for weight in weights)):
        what = f"cannot be the weights of its model.json: these have {needed:,} bytes, the file has {held:,}"
        raise FormatError(Problem(what, where=str(path)))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _chosen(folder: Path, description: Description, at: int | None) -> Checkpoint:
    """The last checkpoint of the last stage, or the one after so many images."""
    last = len(description.kind.stages) - 1
    found = [checkpoint for checkpoint in checkpoints_of(folder) if checkpoint.stage == last]
    asked = [checkpoint for checkpoint in found if at is None or checkpoint.seen == at]
    if asked:
        return asked[-1]
    cure = f"one of {', '.join(str(one.seen) for one in found)}" if found else "train it first"
    raise InputError(Problem("there is no such checkpoint", where=str(folder), cure=cure))
