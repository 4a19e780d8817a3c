"""How is a training kept that may end at any moment? In folders from which it goes on as if it had not.

::

    MODEL/checkpoints/0-000000012800/     stage, images seen
      weights.safetensors                 averaged networks, those of earlier stages too: what drawing needs
      state.safetensors                   weights and optimisers of the stage: what training needs
      checkpoint.json                     written last; stage, images seen, steps done
      spared                              empty: `prune` leaves this checkpoint alone
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from doppelscan.errors import FormatError, Problem
from doppelscan.generators.learner import Learner
from doppelscan.store import read_json, read_tensors, write_json, write_tensors
from doppelscan.store.atomic import sync_tree
from doppelscan.store.hidden import beside

__all__ = ["Checkpoint", "checkpoints_of", "is_unpruned", "keep", "load_averaged", "prune", "resume", "spare"]

_FORMAT = "doppelscan-checkpoint/2"


@dataclass(frozen=True, order=True)
class Checkpoint:
    """Where training stood once: the number of its stage, and the images that this had seen."""

    stage: int
    seen: int
    folder: Path

    def __str__(self) -> str:
        return f"{self.seen:,} images" + (f" of stage {self.stage + 1}" if self.stage else "")


def keep(learner: Learner, stage: int, model: Path) -> Checkpoint:
    """Write where the learner stands, whole or not at all."""
    target = model / "checkpoints" / f"{stage}-{learner.seen:012d}"
    if not target.exists():
        draft = beside(target, "draft")
        _unpruned(model).parent.mkdir(parents=True, exist_ok=True)
        _unpruned(model).touch()
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        write_tensors(draft / "weights.safetensors", _arrays(learner.averaged), {"format": _FORMAT})
        write_tensors(draft / "state.safetensors", _state(learner), {"format": _FORMAT})
        about = {"format": _FORMAT, "stage": stage, "seen": learner.seen, "step": learner.step}
        write_json(draft / "checkpoint.json", about)
        sync_tree(draft)
        draft.replace(target)
    return Checkpoint(stage, learner.seen, target)


def checkpoints_of(model: Path) -> list[Checkpoint]:
    """The checkpoints of a model, the oldest first."""
    found = []
    for folder in (model / "checkpoints").glob("[0-9]*-*"):
        stage, seen = folder.name.split("-")
        found.append(Checkpoint(int(stage), int(seen), folder))
    return sorted(found)


def prune(model: Path, *, last: int, every: int | None) -> None:
    """Remove all but the last checkpoints, the last of each earlier stage, one every so many images, those spared."""
    found = checkpoints_of(model)
    kept = {checkpoint for checkpoint in found if (checkpoint.folder / "spared").exists()}
    kept |= set(found[-last:]) | {max(one for one in found if one.stage == stage.stage) for stage in found}
    if every is not None:
        kept |= {
            min(one for one in found if _mark(one, every) == mark)
            for mark in {_mark(one, every) for one in found}
        }
    for checkpoint in set(found) - kept:
        _remove(checkpoint.folder)
    for litter in (model / "checkpoints").glob(".*.draft"):
        shutil.rmtree(litter, ignore_errors=True)
    _unpruned(model).unlink(missing_ok=True)


def is_unpruned(model: Path) -> bool:
    """Whether a training was cut off after `keep` began and before `prune` ended."""
    return _unpruned(model).exists()


def spare(model: Path, chosen: Checkpoint | None) -> None:
    """Let `prune` leave this checkpoint alone, and no other."""
    if chosen is not None:
        (chosen.folder / "spared").touch()
    for other in set(checkpoints_of(model)) - {chosen}:
        (other.folder / "spared").unlink(missing_ok=True)


def load_averaged(networks: nn.ModuleDict, checkpoint: Checkpoint) -> None:
    """Set the networks to the averaged ones of a checkpoint.

    Raises
    ------
    FormatError
        If it is damaged, or its networks are others.
    """
    path = checkpoint.folder / "weights.safetensors"
    arrays, _ = read_tensors(path, expected=_FORMAT)
    _load(networks, arrays, path)


def resume(learner: Learner, checkpoint: Checkpoint) -> None:
    """Set a new learner to where `keep` left it.

    Raises
    ------
    FormatError
        If the checkpoint is damaged, or its networks are others.
    """
    about = read_json(checkpoint.folder / "checkpoint.json", expected=_FORMAT)
    load_averaged(learner.averaged, checkpoint)
    path = checkpoint.folder / "state.safetensors"
    arrays, _ = read_tensors(path, expected=_FORMAT)
    _load(learner.own(), _under("networks/", arrays), path)
    for player, optimizer in learner.optimizers.items():
        _load_optimizer(learner, player, optimizer, _under(f"optimizers/{player}/", arrays))
    learner.progress.seen, learner.progress.step = int(about["seen"]), int(about["step"])


def _unpruned(model: Path) -> Path:
    return model / "checkpoints" / ".unpruned"


def _mark(checkpoint: Checkpoint, every: int) -> tuple[int, int]:
    """Which of the marks every so many images a checkpoint is at, or follows."""
    return checkpoint.stage, checkpoint.seen // every


def _remove(folder: Path) -> None:
    """Remove a checkpoint so that no half of it is ever taken for one."""
    gone = beside(folder, "draft")
    folder.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _state(learner: Learner) -> dict[str, np.ndarray]:
    """Weights, and what each optimiser remembers of them, by name."""
    arrays = {f"networks/{name}": array for name, array in _arrays(learner.own()).items()}
    for player, optimizer in learner.optimizers.items():
        for name, weight in learner.named_weights(player):
            for part, value in optimizer.state.get(weight, {}).items():
                arrays[f"optimizers/{player}/{name}/{part}"] = _array(value)
    return arrays


def _load_optimizer(
    learner: Learner, player: str, optimizer: torch.optim.Optimizer, arrays: dict[str, np.ndarray]
) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for number, (name, weight) in enumerate(learner.named_weights(player)):
        if parts := _under(f"{name}/", arrays):
            state[number] = {
                part: _laid_out(torch.from_numpy(array), weight) for part, array in parts.items()
            }
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


@torch.no_grad()
def _laid_out(value: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The value in the weight's own order in memory, which fused optimisers take for granted."""
    return torch.empty_like(weight).copy_(value) if value.shape == weight.shape else value


def _arrays(networks: nn.Module) -> dict[str, np.ndarray]:
    return {name: _array(value) for name, value in networks.state_dict().items()}


def _array(value: torch.Tensor) -> np.ndarray:
    return np.asarray(value.detach().cpu().contiguous().numpy())


def _load(networks: nn.Module, arrays: dict[str, np.ndarray], path: Path) -> None:
    try:
        networks.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    except RuntimeError as error:
        raise FormatError(Problem(f"holds no weights of these networks: {error}", where=str(path))) from error


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
