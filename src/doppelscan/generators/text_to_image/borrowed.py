"""How are networks that others trained part of a model? What is trained of them is the model's, the rest is shared."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch
from torch import nn

from doppelscan.errors import FormatError, Problem

__all__ = ["Borrowed"]


class Borrowed(nn.Module):
    """A network of which only some weights are trained, by their names in it.

    To torch these are its weights: only they are moved, averaged and written. Copies share all others, which stay
    in evaluation mode where none is trained. What is written names the weights that it began with, and is
    read beside no others.

    Parameters
    ----------
    place, made_from
        Where the weights are, and their fingerprint.
    """

    network: Any
    made_from: torch.Tensor

    def __init__(
        self, network: nn.Module, *, place: str, made_from: str, trained: Collection[str] = ()
    ) -> None:
        super().__init__()
        self.__dict__["network"] = network  # unseen by torch
        self.place, self._trained = place, frozenset(trained)
        for name, weight in network.named_parameters():
            weight.requires_grad_(name in self._trained)
            if name in self._trained:
                self.register_parameter(name.replace(".", "/"), weight)
        self.register_buffer("made_from", torch.tensor(list(bytes.fromhex(made_from)), dtype=torch.uint8))
        self.train(self.training)

    @property
    def borrowed(self) -> Iterator[torch.Tensor]:
        """All tensors of the network."""
        yield from self.network.parameters()
        yield from self.network.buffers()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the network says."""
        return self.network(*args, **kwargs)

    def train(self, mode: bool = True) -> Borrowed:  # noqa: FBT001, FBT002 - torch's
        """Training mode, where anything is trained."""
        super().train(mode)
        self.network.train(mode and bool(self._trained))
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Borrowed:
        if not self._trained:
            return self
        own = {id(weight) for weight in self.parameters()}
        memo.update({id(tensor): tensor for tensor in self.borrowed if id(tensor) not in own})
        made_from = bytes(self.made_from.tolist()).hex()
        twin = Borrowed(
            copy.deepcopy(self.network, memo), place=self.place, made_from=made_from, trained=self._trained
        )
        return twin.train(self.training)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Borrowed:  # noqa: FBT001, FBT002
        self.network._apply(fn, recurse)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _load_from_state_dict(
        self, state_dict: dict[str, torch.Tensor], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        found = state_dict.get(f"{prefix}made_from")
        if found is not None and not torch.equal(found.cpu(), self.made_from.cpu()):
            what = "these weights are not those that the model began with"
            raise FormatError(Problem(what, where=self.place, cure="put those back"))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
