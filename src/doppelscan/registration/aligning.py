"""Which transform aligns two images, and how well do they agree then? Many pairs, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jaxtyping import Float32

from doppelscan.errors import InputError, Problem
from doppelscan.registration.agreement import agreement
from doppelscan.registration.alignment import Alignment, joined, nothing
from doppelscan.registration.canvas import Warp
from doppelscan.registration.fitting import affine_fit, bent_fit
from doppelscan.registration.pairing import Chunk, Images, Pairing, PairsOf
from doppelscan.registration.settings import AlignmentSettings
from doppelscan.registration.starts import Start, best_starts, signed
from doppelscan.search.blocks import Blocks, as_blocks, part_of
from doppelscan.workers import Needs, elsewhere, map_ordered

__all__ = ["align", "coarse", "local_agreement"]

_PAIRS = 64  # aligned by a worker of a cluster at a time
_LEAST_WEIGHT = 0.1  # of a place whose agreement is shown


def _quietly(_n_pairs: int) -> None:
    """No progress is shown."""


def align(
    moving: Images,
    fixed: Images,
    *,
    pairs: PairsOf | None = None,
    start: Alignment | None = None,
    settings: AlignmentSettings | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[int], None] = _quietly,
) -> Alignment:
    """The transform that brings each moving image onto its fixed image, and how well they agree then.

    Poses are tried on small pictures (`coarse`), and the best one is refined: an affine map, then a bend.
    What is compared are soft ranks of intensity, so that brightness, contrast and gamma do not matter; parts
    that differ count for little. A pair comes out the same, to the last bit, whatever pairs it comes with.

    Parameters
    ----------
    moving, fixed
        Images of one shape (c, *space), 2D or 3D, of any real type.
    pairs
        Positions in `moving` and in `fixed`; by default the first with the first and so on.
    start
        Where to begin, in place of `coarse`: one for each pair, whose bend is dropped.
    progress
        Told after each step how many more pairs are aligned.

    Raises
    ------
    InputError
        If shapes differ or are not 2D or 3D, pairs or starts do not fit, or a pixel is not finite.
    """
    settings = settings or AlignmentSettings()
    if elsewhere() and start is None and pairs is not None and len(pairs[0]) > _PAIRS:
        return _aligned_elsewhere(moving, fixed, pairs, settings, torch.device(device), progress)
    pairing = Pairing.of(moving, fixed, pairs, settings, device)
    _refuse_misfit(start, pairing)
    found = [nothing(pairing.n_axes, settings)]
    for chunk in pairing.chunks():
        rough = _given(start, chunk) if start else best_starts(chunk.paired, settings)
        found.append(_judged(chunk, _refined(chunk, rough, settings), settings))
        progress(len(chunk))
    return joined(found)


def coarse(
    moving: Images,
    fixed: Images,
    *,
    pairs: PairsOf | None = None,
    settings: AlignmentSettings | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[int], None] = _quietly,
) -> Alignment:
    """The best pose and a rough affine map of each pair, at a fraction of the cost of `align`; no bend.

    Takes and refuses what `align` does; `score` and `overlap` are those of the rough map.
    """
    settings = settings or AlignmentSettings()
    pairing = Pairing.of(moving, fixed, pairs, settings, device)
    found = [nothing(pairing.n_axes, settings)]
    for chunk in pairing.chunks():
        rough = _unbent(best_starts(chunk.paired, settings), settings)
        found.append(_judged(chunk, rough, settings))
        progress(len(chunk))
    return joined(found)


def local_agreement(
    moving: Images,
    fixed: Images,
    alignment: Alignment,
    *,
    pairs: PairsOf | None = None,
    settings: AlignmentSettings | None = None,
    device: torch.device | str = "cpu",
) -> Float32[np.ndarray, "p *small"]:
    """Where aligned pairs agree: the local correlation, on small pictures of the fixed images.

    NaN outside the overlap, and where neither image has detail. `alignment` has one row for each pair.
    """
    settings = settings or AlignmentSettings()
    pairing = Pairing.of(moving, fixed, pairs, settings, device)
    _refuse_misfit(alignment, pairing)
    maps = np.full((len(pairing), *pairing.fixed.shape[2:]), np.nan, dtype=np.float32)
    for chunk in pairing.chunks():
        warp, inverted = _given(alignment, chunk)
        found = agreement(signed(chunk.paired, inverted), warp, settings.window)
        shown = torch.where(found.weight > _LEAST_WEIGHT, found.correlation, torch.nan)
        maps[chunk.span] = shown[: len(chunk)].cpu().numpy()
    return maps


def _aligned_elsewhere(
    moving: Images,
    fixed: Images,
    pairs: PairsOf,
    settings: AlignmentSettings,
    device: torch.device,
    progress: Callable[[int], None],
) -> Alignment:
    """The alignments that a cluster makes, some pairs a worker: no pair depends on its company."""
    first, second = (part_of(side, 0, len(side)) for side in (as_blocks(moving), as_blocks(fixed)))
    some = [slice(start, start + _PAIRS) for start in range(0, len(pairs[0]), _PAIRS)]
    aligned = map_ordered(
        partial(_some, first, second, settings, str(device)),
        ((pairs[0][part], pairs[1][part]) for part in some),
        workers=elsewhere(),
        needs=Needs(gpu=device.type == "cuda"),
    )
    found = []
    for part in aligned:
        found.append(part)
        progress(len(part))
    return joined(found)


def _some(
    moving: Blocks, fixed: Blocks, settings: AlignmentSettings, device: str, pairs: PairsOf
) -> Alignment:
    return align(moving, fixed, pairs=pairs, settings=settings, device=device)


def _refuse_misfit(start: Alignment | None, pairing: Pairing) -> None:
    if start is not None and (len(start), start.offset.shape[1]) != (len(pairing), pairing.n_axes):
        what = f"{len(start)} alignments in {start.offset.shape[1]}D, but {len(pairing)} pairs in {pairing.n_axes}D"
        raise InputError(Problem(what, cure="give one for each pair"))


def _given(start: Alignment, chunk: Chunk) -> Start:
    """The alignments of the chunk's pairs."""
    own, device = start.take(chunk.rows), chunk.paired.fixed.device
    return own.warp(device), torch.from_numpy(own.inverted).to(device)


def _unbent(rough: Start, settings: AlignmentSettings) -> Start:
    """The affine map of a start, with the controls of these settings, all zeros."""
    warp, inverted = rough
    return Warp.affine(warp.matrix, warp.offset, settings.controls_of(warp.offset.shape[1])), inverted


def _refined(chunk: Chunk, rough: Start, settings: AlignmentSettings) -> Start:
    """The rough map improved at full size, by an affine map and then a bend."""
    warp, inverted = _unbent(rough, settings)
    paired = signed(chunk.paired, inverted)
    warp, _ = affine_fit(paired, warp, settings.affine_steps)
    warp, _ = bent_fit(paired, warp, settings.bending_steps, settings.bending)
    return warp, inverted


def _judged(chunk: Chunk, found: Start, settings: AlignmentSettings) -> Alignment:
    """The alignments of the chunk's own pairs, with their scores."""
    warp, inverted = found
    agreed = agreement(signed(chunk.paired, inverted), warp, settings.window)
    score = agreed.score(settings.left_out, settings.least_overlap)
    columns = (score.double(), agreed.overlap.double(), inverted, warp.matrix, warp.offset, warp.controls)
    return Alignment(*(column[: len(chunk)].cpu().numpy() for column in columns))
