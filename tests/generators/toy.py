"""A family without chance whose steps can be followed by hand: two players, each with one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from doppelscan.generators.examples import Held
from doppelscan.generators.family import Batch, Draw, Family, Networks, Player, Stage, Subject, Turn
from doppelscan.generators.learner import Learner
from doppelscan.generators.recipe import Training

CPU = torch.device("cpu")


@dataclass(frozen=True)
class ToySettings:
    training: Training
    conditional: bool = False


class Number(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))
        self.register_buffer("turns", torch.zeros(()))


def _turns(settings: ToySettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """The left number seeks the images' mean, then the right one seeks the left one where it is now."""
    networks["left"].turns += 1
    yield Turn("left", (batch.images.flatten(1).mean(1) - networks["left"].value).square().mean())
    yield Turn("right", (networks["left"].value - networks["right"].value).square())


def _draw(settings: ToySettings, networks: Networks, subject: Subject, asked: Draw) -> torch.Tensor:
    return asked.noise.uniform(*subject.shape) * networks["right"].value


TOY = Family(
    name="toy",
    presets={"tiny": ToySettings(Training(n_images=80, batch=8))},
    stages=(
        Stage(
            "toy",
            lambda settings: settings.training,
            lambda settings, subject: {"left": Number(0.0), "right": Number(0.5)},
            lambda settings: {"left": Player(("left",), 0.1), "right": Player(("right",), 0.2)},
            _turns,
            averaged=("right",),
            validation=lambda settings, networks, batch: (batch.images.flatten(1).mean(1) - 1).square(),
        ),
    ),
    draw=_draw,
)


def learner(training: Training | None = None) -> Learner:
    """A learner at its first step."""
    settings = ToySettings(training or TOY.presets["tiny"].training)
    return Learner.new(TOY, 0, settings, Subject((1, 2, 3)), seed=0, device=CPU)


def examples(n: int = 20) -> Held:
    """Constant images of n shades between -1 and 1."""
    return Held(torch.linspace(-1, 1, n)[:, None, None, None].expand(n, 1, 2, 3).contiguous(), CPU)
