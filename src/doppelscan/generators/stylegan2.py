"""StyleGAN2 with adaptive discriminator augmentation: its settings, its turns, how an image is drawn.

Karras et al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, and "Training generative adversarial
networks with limited data", NeurIPS 2020; written from these papers, in plain torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import nn

from doppelscan.errors import InputError, Problem
from doppelscan.generators.ada import Adaptation, Adaptive
from doppelscan.generators.family import Batch, Draw, Family, Networks, Player, Stage, Subject, Turn
from doppelscan.generators.nets.stylegan2 import Generator
from doppelscan.generators.nets.stylegan2_discriminator import Discriminator
from doppelscan.generators.recipe import Training
from doppelscan.generators.stylegan2_losses import PathLengths, discerning, gradient_penalty, non_saturating

__all__ = ["FAMILY", "PRESETS", "StyleGAN2Settings"]


@dataclass(frozen=True)
class StyleGAN2Settings:
    """All that a StyleGAN2 depends on besides the images and the seed.

    Attributes
    ----------
    learning_rate
        The largest: `warm_up` leads to it, `decay` away from it.
    conditional
        Whether it learns what the labels look like.
    n_z, n_w, depth
        Dimensions of z and w, layers of the mapping network.
    capacity, widest
        Feature channels: `capacity` / r at r pixels a side, at most `widest`.
    gamma
        Weight of R1; None: 0.0002 x pixels / batch.
    gradient_every, path_every
        Steps between two turns of R1 and of the path lengths (lazy regularisation).
    path_weight
        Weight of the path lengths; 0 leaves them out.
    mixing
        Share of images drawn in training with two styles.
    truncation
        How far from the mean w images are drawn, from 0 to 1: below 1 they are better and more alike.
    """

    training: Training
    adaptation: Adaptation = field(default_factory=Adaptation)
    conditional: bool = False
    n_z: int = 512
    n_w: int = 512
    depth: int = 2
    capacity: int = 16_384
    widest: int = 512
    learning_rate: float = 0.0025
    gamma: float | None = None
    gradient_every: int = 16
    path_every: int = 4
    path_weight: float = 2.0
    mixing: float = 0.9
    truncation: float = 1.0

    def __post_init__(self) -> None:
        counts = ("n_z", "n_w", "depth", "capacity", "widest", "gradient_every", "path_every")
        problems = [
            Problem(f"is {value}", where=name, cure="at least 1")
            for name in counts
            if (value := getattr(self, name)) < 1
        ]
        problems += [
            Problem(f"is {value}", where=name, cure="between 0 and 1")
            for name in ("mixing", "truncation")
            if not 0 <= (value := getattr(self, name)) <= 1
        ]
        if self.training.augmentation == "edm":
            problems.append(
                Problem("edm is not for a GAN", where="augmentation", cure="set adaptation.groups")
            )
        if problems:
            raise InputError(problems)

    def r1_weight(self, space: tuple[int, ...]) -> float:
        """The gamma of images of this size."""
        return 0.0002 * space[0] * space[1] / self.training.batch if self.gamma is None else self.gamma


def networks(settings: StyleGAN2Settings, subject: Subject) -> dict[str, nn.Module]:
    """The two players, and what is remembered between steps: the strength of augmentation, the mean path length."""
    shape = (subject.n_channels, subject.space, len(subject.labels))
    capacity, widest = settings.capacity, settings.widest
    generator = Generator(
        *shape, capacity=capacity, widest=widest, n_z=settings.n_z, n_w=settings.n_w, depth=settings.depth
    )
    return {
        "generator": generator,
        "discriminator": Discriminator(*shape, capacity=capacity, widest=widest),
        "augmentation": Adaptive(settings.adaptation),
        "paths": PathLengths(),
    }


def players(settings: StyleGAN2Settings) -> dict[str, Player]:
    """Two Adams whose memory makes up for the lazy regularisers' own turns (Karras et al. 2020, appendix B)."""
    rate, path_every = settings.learning_rate, settings.path_every if settings.path_weight else None
    return {
        "generator": _player(("generator", "paths"), rate, path_every),
        "discriminator": _player(("discriminator", "augmentation"), rate, settings.gradient_every),
    }


def turns(settings: StyleGAN2Settings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """The generator's turn, its regulariser's, the discriminator's, its regulariser's."""
    generator = cast("Generator", networks["generator"])
    augmented = cast("Adaptive", networks["augmentation"])
    discriminator, paths = networks["discriminator"], networks["paths"]
    drawn, _ = _drawn(settings, generator, batch.labels)
    yield Turn("generator", non_saturating(discriminator(augmented(drawn), batch.labels)))

    if settings.path_weight and batch.step % settings.path_every == 0:
        fewer = batch.labels[: max(1, len(batch.labels) // 2)]
        penalty, length = paths(*_drawn(settings, generator, fewer))
        weight = settings.path_weight * settings.path_every
        yield Turn("generator", weight * penalty, {"path_length": length})

    with torch.no_grad():
        drawn, _ = _drawn(settings, generator, batch.labels)
    on_real = discriminator(augmented(batch.images), batch.labels)
    on_drawn = discriminator(augmented(drawn), batch.labels)
    augmented.learn(on_real, batch.seen)
    logged = {"p": augmented.p.clone(), "overfitting": augmented.overfitting.clone()}
    yield Turn("discriminator", discerning(on_real, on_drawn), logged)

    if batch.step % settings.gradient_every == 0:
        real = batch.images.detach().requires_grad_()
        penalty = gradient_penalty(discriminator(augmented(real), batch.labels), real)
        weight = settings.r1_weight(real.shape[2:]) / 2 * settings.gradient_every
        yield Turn("discriminator", weight * penalty, {"r1": penalty.detach()})


def draw(
    settings: StyleGAN2Settings, networks: Networks, subject: Subject, wanted: Draw
) -> Float[torch.Tensor, "n c h w"]:
    """Images from each seed's own z and noise."""
    generator = cast("Generator", networks["generator"])
    z = wanted.noise.normal(1, settings.n_z)
    noise = wanted.noise.normal(generator.synthesis.n_noise)
    psi = settings.truncation if wanted.options.truncation is None else wanted.options.truncation
    images, _ = generator(z, wanted.labels, noise, truncation=psi)
    return cast("torch.Tensor", images)


def _player(networks: tuple[str, ...], rate: float, every: int | None) -> Player:
    """Adam (beta 0 and 0.99) that also takes a regulariser's turn every k steps.

    With c = k / (k + 1) its rate is c times, its betas are to the power of c what they would be without.
    """
    c = every / (every + 1) if every else 1.0
    return Player(networks, rate * c, (0.0, 0.99**c))


def _drawn(
    settings: StyleGAN2Settings, generator: Generator, labels: Int64[torch.Tensor, " n"]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and their styles, by torch's generator; `mixing` of them change styles at some layer."""
    n, device, n_layers = len(labels), labels.device, generator.synthesis.n_layers
    z = torch.randn(n, 2, settings.n_z, device=device)
    noise = torch.randn(n, generator.synthesis.n_noise, device=device)
    crossover = torch.randint(1, n_layers, (n,), device=device)
    mixed = torch.rand(n, device=device) < settings.mixing
    images, w = generator(z, labels, noise, torch.where(mixed, crossover, n_layers))
    return images, w


_TINY = StyleGAN2Settings(
    Training(n_images=60_000, batch=8, half_life=5_000, clip=None),
    Adaptation(ramp=50_000, every=64),
    n_z=128,
    n_w=128,
    capacity=1024,
    widest=128,
)
_BASE = StyleGAN2Settings(Training(n_images=5_000_000, batch=32, half_life=10_000, clip=None))
_KARRAS = StyleGAN2Settings(
    Training(n_images=25_000_000, batch=32, half_life=10_000, clip=None),
    Adaptation(groups=()),
    depth=8,
    capacity=32_768,
    learning_rate=0.002,
    gamma=10.0,
    path_every=8,
)

PRESETS = {
    "tiny": _TINY,
    "base": _BASE,
    "karras": _KARRAS,
    "akbar": replace(_KARRAS, training=replace(_KARRAS.training, n_images=5_000_000)),
}
"""`karras` is configuration F of StyleGAN2; `akbar` is paper A's GAN as far as that paper says: without augmentation,
else as the GAN's own authors have it."""

FAMILY = Family(
    name="stylegan2",
    presets=PRESETS,
    stages=(
        Stage(
            name="gan",
            training=lambda settings: settings.training,
            networks=networks,
            players=players,
            turns=turns,
            averaged=("generator",),
        ),
    ),
    draw=draw,
    options=frozenset({"truncation"}),
    axes=frozenset({2}),
)
