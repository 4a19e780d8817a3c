"""What a user may choose about a contrastive encoder, and the recipe that follows from it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from doppelscan.errors import InputError, Problem

__all__ = ["ContrastiveSettings", "Effort", "Preset", "Recipe"]

Preset = Literal["default", "dar"]
Effort = Literal["quick", "standard", "thorough"]


@dataclass(frozen=True)
class ContrastiveSettings:
    """The settings of one encoder; what is None is as the preset has it (`recipe`).

    Attributes
    ----------
    preset
        `default`: trained to know an image again after strong changes. `dar`: paper B's detector (Dar et
        al. 2025), for reproduction; its first weights are random, not ImageNet's.
    effort
        How long `default` trains: on 2,600 films and two cores about one minute, three, or fifteen.
    side
        Pixels along the longest axis of what the network sees.
    batch
        Images in one step of training.
    epochs
        How often each image is seen in training.
    """

    preset: Preset = "default"
    effort: Effort = "standard"
    side: int | None = None
    batch: int | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        problems = []
        for name, known in (("preset", get_args(Preset)), ("effort", get_args(Effort))):
            if (value := getattr(self, name)) not in known:
                problems.append(Problem(f"{value!r} is none of {', '.join(known)}", where=name))
        for name, least in (("side", 16), ("batch", 2), ("epochs", 1)):
            if (value := getattr(self, name)) is not None and value < least:
                problems.append(Problem(f"is {value}", where=name, cure=f"at least {least}"))
        if problems:
            raise InputError(problems)

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        return asdict(self)

    def recipe(self, n_axes: int) -> Recipe:
        """How images of 2 or 3 spatial axes are trained on."""
        if n_axes not in {2, 3}:
            raise InputError(Problem(f"images have {n_axes} spatial axes", cure="give images or volumes"))
        recipe = _DAR[n_axes] if self.preset == "dar" else _DEFAULT[self.effort, n_axes]
        chosen = {name: getattr(self, name) for name in ("side", "batch", "epochs")}
        return replace(recipe, **{name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True)
class Recipe:
    """All that training depends on besides the images and the seed.

    Attributes
    ----------
    scaling
        What the network sees of an image's intensities (`inputs.scaled`).
    side
        The longest axis after resizing; None leaves images as they are.
    n_pairs
        Images shown in training, each as a pair of views; it stands where `epochs` is None.
    temperature, learning_rate
        Of the loss, and the largest of the optimiser.
    last_rate
        The learning rate at the end of the cosine, as a share of the largest.
    warm_up
        The share of steps in which the learning rate rises.
    width
        Channels of the compact network's first stage.
    """

    network: Literal["compact", "resnet50", "strided"]
    views: Literal["strong", "paper"]
    scaling: Literal["standard", "ranks", "extremes"]
    side: int | None
    n_outputs: int
    batch: int
    temperature: float
    learning_rate: float
    last_rate: float
    warm_up: float = 0.0
    weight_decay: float = 0.0
    epochs: int | None = None
    n_pairs: int | None = None
    width: int = 0

    @property
    def mirrored(self) -> bool:
        """Whether an image and its mirror images are encoded as one."""
        return self.views == "strong"

    def n_batches(self, n_images: int) -> int:
        """Steps in which every image is seen once."""
        return math.ceil(n_images / self.batch)

    def n_steps(self, n_images: int) -> int:
        """Steps of the whole training."""
        if self.epochs is not None:
            return self.epochs * self.n_batches(n_images)
        assert self.n_pairs is not None, "a recipe has epochs or pairs"
        return math.ceil(self.n_pairs * self.n_batches(n_images) / n_images)


_FILMS_OF_DAR = Recipe(
    network="resnet50",
    views="paper",
    scaling="extremes",
    side=512,
    n_outputs=128,
    batch=64,
    temperature=0.07,
    learning_rate=1e-4,
    last_rate=0.5,
    epochs=200,
)
_DAR = {2: _FILMS_OF_DAR, 3: replace(_FILMS_OF_DAR, network="strided", side=None, n_outputs=32, batch=10)}

_FILMS = Recipe(
    network="compact",
    width=32,
    views="strong",
    scaling="standard",
    side=64,
    n_outputs=128,
    batch=200,
    temperature=0.1,
    learning_rate=2e-3,
    last_rate=0.0,
    warm_up=0.05,
    weight_decay=1e-4,
    n_pairs=27_000,
)
_VOLUMES = replace(_FILMS, width=24, side=32, batch=100, n_pairs=5_000)
_DEFAULT = {
    ("quick", 2): _FILMS,
    ("standard", 2): replace(_FILMS, n_pairs=90_000),
    ("thorough", 2): replace(_FILMS, n_pairs=220_000, width=48),
    ("quick", 3): _VOLUMES,
    ("standard", 3): replace(_VOLUMES, n_pairs=16_000),
    ("thorough", 3): replace(_VOLUMES, n_pairs=60_000),
}
