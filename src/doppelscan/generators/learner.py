"""What changes while a model is trained? Networks, their moving average, optimisers, and how far they are."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from doppelscan.generators.chance import seeded
from doppelscan.generators.family import AnyFamily, Networks, Player, Settings, Stage, Subject
from doppelscan.generators.recipe import Training

__all__ = ["Learner", "layout_of"]


@dataclass(frozen=True)
class Learner:
    """One stage of a model at some step, with all that its next step depends on.

    Attributes
    ----------
    networks
        Those that this stage added and, frozen, the averaged ones of earlier stages.
    added
        The names of the former.
    averaged
        The moving averages of what drawing needs, those of earlier stages among them.
    """

    stage: Stage[Settings]
    settings: Settings
    networks: Networks
    added: tuple[str, ...]
    averaged: Networks
    optimizers: Mapping[str, torch.optim.Optimizer]
    device: torch.device
    progress: _Progress

    @staticmethod
    def new(
        family: AnyFamily,
        number: int,
        settings: Settings,
        subject: Subject,
        *,
        seed: int,
        device: torch.device,
        before: Networks | None = None,
    ) -> Learner:
        """The stage of this number at its first step, its weights drawn by the seed; `before` are finished ones."""
        stage, before = family.stages[number], nn.ModuleDict() if before is None else before
        with seeded(torch.device("cpu"), seed, "weights", stage.name):
            added = stage.networks(settings, subject)
        networks = nn.ModuleDict(dict(before.items()) | added).to(device)
        networks = networks.to(memory_format=layout_of(subject))  # type: ignore[call-overload]
        averaged = nn.ModuleDict(
            dict(before.items()) | {name: copy.deepcopy(networks[name]) for name in stage.averaged}
        )
        averaged.eval().requires_grad_(requires_grad=False)
        players = stage.players(settings)
        optimizers = {name: _optimizer(player, networks) for name, player in players.items()}
        return Learner(stage, settings, networks, tuple(added), averaged, optimizers, device, _Progress())

    @property
    def training(self) -> Training:
        """The schedule of the stage."""
        return self.stage.training(self.settings)

    @property
    def seen(self) -> int:
        """Images that were seen."""
        return self.progress.seen

    @property
    def step(self) -> int:
        """Steps that were done."""
        return self.progress.step

    @property
    def finished(self) -> bool:
        """Whether the stage is at its end."""
        return self.seen >= self.training.n_images

    def moved_by(self, player: str) -> list[nn.Parameter]:
        """The weights that a player moves."""
        return [weight for group in self.optimizers[player].param_groups for weight in group["params"]]

    def own(self) -> Networks:
        """The networks that this stage added."""
        return nn.ModuleDict({name: self.networks[name] for name in self.added})

    def buffers(self) -> list[torch.Tensor]:
        """What the networks of this stage remember besides their weights, where it is a real number."""
        return [value for value in self.own().buffers() if value.is_floating_point()]

    @torch.no_grad()
    def average(self) -> None:
        """Move the moving averages towards the weights, and set their buffers to those of now."""
        share, pairs = self.training.keeping(self.seen), self._averaged_and_now()
        means: list[torch.Tensor] = [weight for mean, _ in pairs for weight in mean.parameters()]
        weights: list[torch.Tensor] = [weight for _, now in pairs for weight in now.parameters()]
        torch._foreach_lerp_(means, weights, 1 - share)
        for mean, now in pairs:
            for kept, value in zip(mean.buffers(), now.buffers(), strict=True):
                kept.copy_(value)

    def named_weights(self, player: str) -> Iterator[tuple[str, nn.Parameter]]:
        """The weights that a player moves, by their names, in the order of its optimiser."""
        for name in self.stage.players(self.settings)[player].networks:
            for inner, weight in self.networks[name].named_parameters():
                yield f"{name}.{inner}", weight

    def _averaged_and_now(self) -> list[tuple[nn.Module, nn.Module]]:
        """Of each averaged network of this stage the mean and the present one."""
        return [(self.averaged[name], self.networks[name]) for name in self.stage.averaged]


@dataclass
class _Progress:
    """How far a learner is; the one thing about it that is set anew."""

    seen: int = 0
    step: int = 0


def layout_of(subject: Subject) -> torch.memory_format:
    """How convolutions of these images like their channels: last."""
    return torch.channels_last if subject.n_axes == 2 else torch.channels_last_3d


def _optimizer(player: Player, networks: Networks) -> torch.optim.Optimizer:
    weights = [weight for name in player.networks for weight in networks[name].parameters()]
    return torch.optim.AdamW(
        weights,
        lr=player.learning_rate,
        betas=player.betas,
        eps=player.eps,
        weight_decay=player.weight_decay,
        fused=True,
    )
