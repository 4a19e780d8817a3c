"""How much memory does a computation take, and how much is there? Counted from tensors, so always the same."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["memory_of", "most_bytes"]


def memory_of(device: torch.device) -> int:
    """Bytes of memory that the device has, used or not."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def most_bytes(work: Callable[[], object], *, besides: nn.Module) -> int:
    """The most bytes of tensors that live at once during the work, besides those of these networks.

    What libraries use within one operation is not seen.
    """
    with _Ledger(besides) as ledger:
        work()
    return int(ledger.most)


class _Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Enters the memory behind each tensor that an operation gives, and strikes it out when it is let go."""

    def __init__(self, besides: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        borrowed = [one for part in besides.modules() for one in getattr(part, "borrowed", ())]
        held = [*besides.parameters(), *besides.buffers(), *borrowed]
        self._entered = {tensor.untyped_storage()._cdata for tensor in held}
        self.now = self.most = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the operation gives."""
        given = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(given):
            if isinstance(leaf, torch.Tensor):
                self._enter(leaf.untyped_storage())
        return given

    def _enter(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata in self._entered:
            return
        self._entered.add(storage._cdata)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._strike, storage._cdata, storage.nbytes())

    def _strike(self, key: int, n_bytes: int) -> None:
        self._entered.discard(key)
        self.now -= n_bytes
