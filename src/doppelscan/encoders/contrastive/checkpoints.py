"""How is a training kept that may end at any moment? In one file, from which it goes on as if it had not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from doppelscan.encoders.contrastive.training import Learner
from doppelscan.errors import FormatError, Problem
from doppelscan.store import read_tensors, write_tensors

__all__ = ["keep", "load_weights", "resume", "weights_of"]

_FORMAT = "doppelscan-checkpoint/1"


def keep(learner: Learner, path: Path, key: str) -> None:
    """Write weights, the optimiser's state and the number of steps done; `key` says what is learnt."""
    tensors = {f"weights/{name}": array for name, array in weights_of(learner.network).items()}
    for index, state in learner.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": value.cpu().numpy() for name, value in state.items()}
    write_tensors(path, tensors, {"format": _FORMAT, "key": key, "done": str(learner.done)})


def resume(learner: Learner, path: Path, key: str) -> None:
    """Set a new learner to where `keep` left it; a file that is absent or of another key changes nothing.

    Raises
    ------
    FormatError
        If the file is damaged or of another format.
    """
    if not path.exists():
        return
    tensors, metadata = read_tensors(path, expected=_FORMAT)
    if metadata["key"] != key:
        return
    load_weights(learner.network, _under("weights/", tensors), path)
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, array in _under("optimizer/", tensors).items():
        index, part = name.split("/")
        state.setdefault(int(index), {})[part] = torch.from_numpy(array)
    learner.optimizer.load_state_dict(learner.optimizer.state_dict() | {"state": state})
    learner.done = int(metadata["done"])


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    """The network's weights and running statistics by name."""
    return {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}


def load_weights(network: nn.Module, weights: dict[str, np.ndarray], path: Path) -> None:
    """Set the network's weights to those read from `path`.

    Raises
    ------
    FormatError
        If they are not this network's.
    """
    try:
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except RuntimeError as error:
        raise FormatError(Problem(f"holds no weights of this network: {error}", where=str(path))) from error


def _under(prefix: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): tensors[name] for name in tensors if name.startswith(prefix)}
