"""How does a model learn? Step by step: each player in turn goes down its loss, then the average follows."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64

from doppelscan.encoders.devices import has_fast_bfloat16
from doppelscan.errors import InputError, Problem
from doppelscan.generators.augmentation import augmented
from doppelscan.generators.chance import seeded
from doppelscan.generators.examples import Examples, Order
from doppelscan.generators.family import Batch, Turn
from doppelscan.generators.learner import Learner
from doppelscan.generators.recipe import Training
from doppelscan.generators.team import Team

__all__ = ["Lesson", "Step", "autocast", "training"]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a stage learns from: examples, the position of each one's label (-1: none), and the seed.

    `encode` is what earlier stages make of a batch of images once it is augmented; where nothing is augmented the
    examples are made already, and `augments` is off.
    """

    examples: Examples
    labels: Int64[np.ndarray, " n"]
    seed: int
    augments: bool = True
    encode: Callable[[torch.Tensor], torch.Tensor] | None = None

    def batch(self, learner: Learner, share: range, after: range) -> Batch:
        """The `share` of the images that are seen, augmented; those of `after` come next."""
        order = Order(len(self.examples), self.seed)
        chosen = order.positions(share.start, share.stop)
        then = order.positions(after.start, after.stop)
        images = self.examples.batch(chosen, then)
        images, told = augmented(images, learner.training.augmentation if self.augments else "none")
        if self.encode is not None:
            with torch.no_grad():
                images = self.encode(images)
        labels = torch.from_numpy(self.labels[chosen]).to(learner.device)
        return Batch(images, labels, told, learner.seen, learner.step)

    def plain(self, size: int) -> Iterator[torch.Tensor]:
        """All examples as they are, each once, in batches of this size."""
        for start in range(0, len(self.examples), size):
            chosen = np.arange(start, min(start + size, len(self.examples)), dtype=np.int64)
            images = self.examples.batch(chosen)
            yield images if self.encode is None else self.encode(images)


@dataclass(frozen=True)
class Step:
    """One step of training: how many are done, images seen, of how many, and the means over its batch."""

    done: int
    seen: int
    total: int
    logged: Mapping[str, torch.Tensor]


def training(learner: Learner, lesson: Lesson, team: Team) -> Iterator[Step]:
    """The steps that are left; after each, `learner` is ready for the next.

    A training that goes on from a checkpoint repeats an unbroken one: on a CPU bit for bit. Several processes
    learn, but for rounding, what one learns that takes their parts of each batch one after the other.

    Raises
    ------
    InputError
        If the device's memory does not hold a batch; it names the batch to try. If there are more processes than
        images in a batch.
    """
    schedule = learner.training
    if schedule.batch < team.size:
        cure = f"--set batch={team.size}, or fewer processes"
        raise InputError(Problem(f"is {schedule.batch} for {team.size} processes", where="batch", cure=cure))
    learner.own().train()
    while not learner.finished:
        logged: dict[str, torch.Tensor] = {}
        with _fitting_in_memory(schedule, team), torch.backends.cudnn.flags(enabled=True, deterministic=True):
            _step(learner, lesson, team, logged)
        learner.average()
        learner.progress.seen += schedule.batch
        learner.progress.step += 1
        yield Step(learner.step, learner.seen, schedule.n_images, logged)


def autocast(training: Training, device: torch.device) -> contextlib.AbstractContextManager[None]:
    """Half precision where it is asked for, or pays."""
    wanted = training.precision
    half = has_fast_bfloat16(device) if wanted == "auto" else wanted == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=half)


def _step(learner: Learner, lesson: Lesson, team: Team, logged: dict[str, torch.Tensor]) -> None:
    """Every player's move; what they log is put into `logged`."""
    parts = _parts(learner, team)
    games = [_game(learner, lesson, parts, number) for number in range(len(parts))]
    while (player := _gradients(learner, games, logged)) is not None:
        _move(learner, player, team, logged)


def _parts(learner: Learner, team: Team) -> list[range]:
    """The images of this process in this step, in parts that are held at once."""
    schedule, own = learner.training, team.part(learner.training.batch)
    first, stop = learner.seen + own.start, learner.seen + own.stop
    at_once = schedule.at_once or len(own)
    return [range(start, min(start + at_once, stop)) for start in range(first, stop, at_once)]


def _game(learner: Learner, lesson: Lesson, parts: list[range], number: int) -> Iterator[tuple[Turn, float]]:
    """The turns on one part of the batch, each by chance of its own, with the part's share of the parts.

    Chance is that of the part's first image: whichever process takes it, it comes to the same.
    """
    part, share = parts[number], len(parts[number]) / sum(map(len, parts))
    names = (learner.stage.name, part.start)
    with seeded(learner.device, lesson.seed, "batch", *names):
        batch = lesson.batch(learner, part, _after(number, parts, learner.training))
    turns = learner.stage.turns(learner.settings, learner.networks, batch)
    for count in itertools.count():
        with (
            seeded(learner.device, lesson.seed, "turn", *names, count),
            autocast(learner.training, learner.device),
        ):
            turn = next(turns, None)
        if turn is None:
            return
        yield turn, share


def _after(number: int, parts: list[range], schedule: Training) -> range:
    """The images that are asked for after this part."""
    if number + 1 < len(parts):
        return parts[number + 1]
    return range(parts[0].start + schedule.batch, parts[0].stop + schedule.batch)


def _gradients(
    learner: Learner, games: list[Iterator[tuple[Turn, float]]], logged: dict[str, torch.Tensor]
) -> str | None:
    """Whose turn it is, with gradients summed over the parts; None where the step has ended."""
    player = None
    for turn, share in (made for game in games for made in itertools.islice(game, 1)):
        player = turn.player
        torch.autograd.backward(turn.loss * share, inputs=learner.moved_by(player))
        for name, value in {player: turn.loss, **turn.logged}.items():
            logged[name] = logged.get(name, 0.0) + value.detach().float() * share
    return player


def _move(learner: Learner, player: str, team: Team, logged: dict[str, torch.Tensor]) -> None:
    """One step of the player's optimiser."""
    schedule, optimizer = learner.training, learner.optimizers[player]
    weights = learner.moved_by(player)
    team.average([weight.grad for weight in weights if weight.grad is not None], n=schedule.batch)
    if schedule.clip is not None:
        logged[f"{player} gradient"] = torch.nn.utils.clip_grad_norm_(weights, schedule.clip)
    rate = learner.stage.players(learner.settings)[player].learning_rate * schedule.rate(learner.seen)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    team.average(learner.buffers())


@contextlib.contextmanager
def _fitting_in_memory(schedule: Training, team: Team) -> Iterator[None]:
    """Say which batch to try where the device's memory is too small."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        held = schedule.at_once or -(-schedule.batch // team.size)
        what = f"{held} images at once do not fit in the memory of {team.device}"
        cure = (
            f"--set at_once={held // 2}" if held > 1 else "smaller images, or fewer channels of the network"
        )
        raise InputError(Problem(what, cure=cure)) from error
