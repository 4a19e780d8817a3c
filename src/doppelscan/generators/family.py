"""What is a family of generators? Networks, the turns they are trained in, and how an image is drawn.

A family is one frozen value of plain functions; the engine does the rest: batches, precision, accumulation,
several devices, moving averages, checkpoints, logs, grids, sampling by seed. What a family may rely on:

- Images come and go as tensors (n, c, *space) scaled to [-1, 1] by the training set's range of each channel; 2D and
  3D, any number of channels, any lengths of the axes. Each network pads what it cannot halve.
- Everything that a next step depends on lives in the networks, as weights or buffers (a running mean of path
  lengths, the strength of an augmentation): a training that goes on is then the same as an unbroken one.
- Before each micro-batch the engine seeds torch's own generators from (seed, stage, number of its first image), so
  `turns` draws with `torch.randn` and dropout as it likes. `draw` never does: each image's chance comes from
  its own seed, by `Noise`.
- Networks are in training mode and without gradients where they are frozen; autocast is on where it pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import nn

from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.noise import Noise
from doppelscan.generators.recipe import Training

__all__ = [
    "AnyFamily",
    "Batch",
    "Draw",
    "Drawing",
    "Family",
    "Given",
    "Guide",
    "Networks",
    "Player",
    "Settings",
    "Stage",
    "Subject",
    "Turn",
]

Networks: TypeAlias = nn.ModuleDict
"""The networks of a model by name, those of earlier stages among them."""


@runtime_checkable
class Settings(Protocol):
    """A frozen dataclass of plain values (numbers, text, tuples, other such dataclasses)."""

    @property
    def conditional(self) -> bool:
        """Whether the model learns what the labels look like."""
        ...


S = TypeVar("S", bound=Settings)


BETWEEN = " | "
"""What stands between the columns of a label, where it is told by several; `UNTOLD` where one of them is null."""
UNTOLD = "?"


@dataclass(frozen=True)
class Subject:
    """What a model is of: the shape (c, *space) of its images and, if it is conditional, their labels.

    Labels are what the column `label` holds; or, of a model that is told several `columns` of the table, what these
    hold together, such as `nevus | V`.
    """

    shape: tuple[int, ...]
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("label",)

    def told(self, number: int) -> dict[str, str | None]:
        """What each column holds of an image with the label of this number (-1: unknown)."""
        if number < 0:
            return dict.fromkeys(self.columns)
        label = self.labels[number]
        values = [label] if len(self.columns) == 1 else label.split(BETWEEN)
        return {name: None if v == UNTOLD else v for name, v in zip(self.columns, values, strict=True)}

    def numbers(self, wanted: Mapping[str, str]) -> list[int]:
        """The labels whose columns hold this."""
        every = range(len(self.labels))
        return [i for i in every if all(self.told(i).get(name) == v for name, v in wanted.items())]

    @property
    def n_channels(self) -> int:
        """Channels of an image."""
        return self.shape[0]

    @property
    def space(self) -> tuple[int, ...]:
        """Pixels along each axis of space."""
        return self.shape[1:]

    @property
    def n_axes(self) -> int:
        """2 for images, 3 for volumes."""
        return len(self.space)


@dataclass(frozen=True)
class Batch:
    """The images that one process sees at once.

    Attributes
    ----------
    images
        In [-1, 1], augmented as the settings say; or what the stage's `examples` made of them.
    labels
        Positions in `Subject.labels`, -1 where unknown; all -1 where the model is unconditional.
    augmentation
        How each image was augmented, zeros where it is as it was; of width 0 unless augmentation is `edm`.
    seen
        Images that this stage has seen before this step.
    step
        Steps that this stage has done before this one.
    """

    images: Float[torch.Tensor, "n c *space"]
    labels: Int64[torch.Tensor, " n"]
    augmentation: Float[torch.Tensor, "n k"]
    seen: int
    step: int


@dataclass(frozen=True)
class Player:
    """Networks that one optimiser (Adam) moves, named as in `Stage.networks`."""

    networks: tuple[str, ...]
    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Turn:
    """One player's move: the loss that it goes down, and what is logged beside it (means over the batch)."""

    player: str
    loss: Float[torch.Tensor, ""]
    logged: Mapping[str, Float[torch.Tensor, ""]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage(Generic[S]):
    """One training. A latent diffusion model has two, all others one.

    Attributes
    ----------
    name
        Part of the names of networks' weights and of what is logged.
    training
        How long, in which batches, how fast.
    networks
        The networks that this stage adds, their weights freshly drawn from torch's seeded generator.
    players
        The optimisers, by name.
    turns
        The turns of one step on one batch. The engine takes back each turn's gradients for its player alone and
        moves the player before it asks for the next turn: a GAN's generator meets the discriminator that
        has just moved. A turn's loss is a mean over images, so that accumulating micro-batches is exact.
    averaged
        Networks that drawing needs; of these the engine keeps the moving average, and `draw` gets it.
    validation
        The loss of each image of a held-out batch, drawn as in training; None where there is no such loss.
    examples
        What the networks of earlier stages (averaged, frozen) make of a batch of images, once, before this
        stage begins: latents. None: the images themselves.
    begin
        Called once with the new networks and all examples, unaugmented, in batches: measures a scale, into a buffer.
    from_files
        Whether the networks are read from files that the settings name.
    """

    name: str
    training: Callable[[S], Training]
    networks: Callable[[S, Subject], dict[str, nn.Module]]
    players: Callable[[S], dict[str, Player]]
    turns: Callable[[S, Networks, Batch], Iterator[Turn]]
    averaged: tuple[str, ...]
    validation: Callable[[S, Networks, Batch], Float[torch.Tensor, " n"]] | None = None
    examples: Callable[[S, Networks, torch.Tensor], torch.Tensor] | None = None
    begin: Callable[[S, Networks, Iterator[torch.Tensor]], None] | None = None
    from_files: bool = False


@dataclass(frozen=True)
class Drawing:
    """What the user chooses when images are drawn; None leaves it as the model's settings have it.

    `group` are further columns that the images shall be of, each with its value; `prompt` takes the place of the
    one that the model would make of label and group.
    """

    label: str | None = None
    guidance: float | None = None
    sampler: str | None = None
    steps: int | None = None
    truncation: float | None = None
    group: tuple[tuple[str, str], ...] | None = None
    prompt: str | None = None


@runtime_checkable
class Guide(Protocol):
    """Whatever leads diffusion while it draws, by changing what it takes the finished images to be."""

    @property
    def fingerprint(self) -> str:
        """What tells its guidance from all others'."""
        ...

    def __call__(
        self, expected: Float[torch.Tensor, "n c *space"], t: int
    ) -> Float[torch.Tensor, "n c *space"]:
        """The images in [-1, 1] to be led to, where `expected` are foreseen after step `t`: each by itself alone."""
        ...


@dataclass(frozen=True, eq=False)
class Given:
    """What the images of a batch begin from.

    Attributes
    ----------
    images
        In [-1, 1].
    fresh
        Where they are drawn anew, as 1, and where they stay as they are, as 0.
    strength
        The share of the sampler's steps that is taken, hence of the noise that is added first; 1: all of it.
    """

    images: Float[torch.Tensor, "n c *space"]
    fresh: Float[torch.Tensor, "n 1 *space"]
    strength: float


@dataclass(frozen=True)
class Draw:
    """A batch to be drawn: one seed, hence one stream of noise, and one label (-1: any) an image.

    `prompts` are what a model that is told words is told of each; None: what it makes of their labels.
    """

    noise: Noise
    labels: Int64[torch.Tensor, " n"]
    options: Drawing
    guide: Guide | None = None
    prompts: tuple[str, ...] | None = None
    given: Given | None = None

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.labels.device


@dataclass(frozen=True)
class Family(Generic[S]):
    """A kind of generator.

    Attributes
    ----------
    presets
        Settings by name: `tiny` (two cores, minutes), `base` (one GPU, hours) and the papers' own.
    stages
        Its trainings, in order.
    draw
        Images in [-1, 1] (what is beyond is cut off) from the averaged networks, in evaluation mode and
        without gradients. Image i depends on `draw.noise` i and label i alone.
    options
        The fields of `Drawing` that it knows, besides `label`.
    follows
        Whether `draw` follows a `Guide`.
    preview
        How images are drawn for the grids that show how training goes.
    axes
        The numbers of spatial axes that it can do.
    channels
        The numbers of channels that it can do; None: any.
    derives
        Whether `draw` begins from images where `Given`.
    prompt
        What the model is told in words of an image whose columns hold this; None: it is told none.
    denoiser
        The averaged networks on a device, as one who looks into them sees them; None where nothing diffuses.
    """

    name: str
    presets: Mapping[str, S]
    stages: tuple[Stage[S], ...]
    draw: Callable[[S, Networks, Subject, Draw], Float[torch.Tensor, "n c *space"]]
    options: frozenset[str] = frozenset()
    follows: bool = False
    preview: Drawing = Drawing()
    axes: frozenset[int] = frozenset({2, 3})
    channels: frozenset[int] | None = None
    derives: bool = False
    prompt: Callable[[S, Mapping[str, str | None]], str] | None = None
    denoiser: Callable[[S, Networks, torch.device], Denoiser] | None = None


AnyFamily: TypeAlias = Family[Any]
