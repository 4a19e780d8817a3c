"""Which pairs of two blocks have the largest products, or large enough ones? On a device by torch, else in loops."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64

from doppelscan.search.exact import worth_compiled
from doppelscan.search.neighbours import Groups
from doppelscan.search.plan import Held

__all__ = ["Pairs", "largest", "leave_out", "reached"]

Pairs = tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]

_FEW = 8  # times fewer pairs of one group than pairs: they are named one by one


def leave_out(
    products: Float32[torch.Tensor, "a b"], block: Held, others: Held, exclude: Groups | None
) -> None:
    """Set to -inf, in place, the products of pairs that do not count: of constant images, and of one group."""
    products[block.constant] = -torch.inf
    products[:, others.constant] = -torch.inf
    if exclude is None:
        return
    mine, theirs = exclude[0][block.span], exclude[1][others.span]
    pairs = _of_one_group(mine, theirs)
    if pairs is None:
        products.masked_fill_(_same_group(mine, theirs).to(products.device), -torch.inf)
    else:
        rows, columns = (torch.from_numpy(of).to(products.device) for of in pairs)
        products[rows, columns] = -torch.inf


def largest(products: Float32[torch.Tensor, "m n"], k: int) -> Pairs:
    """The pairs with the k largest products of each row; no pair that is left out."""
    k = min(k, products.shape[1])
    if _in_loops(products):
        from doppelscan.search.kernels import largest_columns

        columns = largest_columns(products.numpy(), k)
        rows, ranks = np.nonzero(columns >= 0)
        return rows, columns[rows, ranks]
    values, best = products.topk(k, dim=1)
    row, rank = torch.isfinite(values).nonzero(as_tuple=True)
    return row.cpu().numpy(), best[row, rank].cpu().numpy()


def reached(
    products: Float32[torch.Tensor, "m n"], least: Float32[np.ndarray, "m"], most: int | None = None
) -> Pairs | None:
    """The pairs, row by row, whose products are at least what their row asks for; None if they are more than `most`."""
    if _in_loops(products):
        from doppelscan.search.kernels import columns_reaching

        return columns_reaching(products.numpy(), least, products.numel() if most is None else most)
    worth = products >= torch.from_numpy(least).to(products.device)[:, None]
    if most is not None and int(worth.count_nonzero()) > most:
        return None
    rows, columns = worth.nonzero(as_tuple=True)
    return rows.cpu().numpy(), columns.cpu().numpy()


def _of_one_group(mine: Int64[np.ndarray, "m"], theirs: Int64[np.ndarray, "n"]) -> Pairs | None:
    """The pairs of one group; None where they are many."""
    order = np.argsort(theirs, kind="stable")
    first, last = (np.searchsorted(theirs[order], mine, side=side) for side in ("left", "right"))
    count = last - first
    if count.sum() * _FEW > len(mine) * len(theirs):
        return None
    begins = np.repeat(first - np.cumsum(count) + count, count)
    return np.repeat(np.arange(len(mine)), count), order[begins + np.arange(len(begins))]


def _same_group(mine: Int64[np.ndarray, "m"], theirs: Int64[np.ndarray, "n"]) -> Bool[torch.Tensor, "m n"]:
    return torch.from_numpy(mine[:, None] == theirs)


def _in_loops(products: Float32[torch.Tensor, "m n"]) -> bool:
    return products.device.type == "cpu" and worth_compiled(products.numel())
