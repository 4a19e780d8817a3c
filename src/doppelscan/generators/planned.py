"""How are very many images drawn? By a plan, in shards that go on where they stood, each with a manifest.

::

    OUT/shard-2-of-8/                imageset; OUT itself where there is one shard only
    OUT/shard-2-of-8/samples.json    the plan, the shard, what was drawn, what failed and why, images a second
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.generators.drawn_pixels import DrawnPixels
from doppelscan.generators.family import Drawing
from doppelscan.generators.model import Model
from doppelscan.generators.strategies import STRATEGIES, Derivation
from doppelscan.generators.strategies.plan import Plan, Quota, Shard
from doppelscan.images import Image
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.joining import joined
from doppelscan.imagesets.pixels import Pixels
from doppelscan.settings import Resources
from doppelscan.store import write_json
from doppelscan.workers import Progress, silent

__all__ = ["MANIFEST", "planned", "sample_plan"]

MANIFEST = "samples.json"
_FORMAT = "doppelscan-samples/1"


def sample_plan(
    model: Model,
    plan: Plan,
    out: Path,
    *,
    sources: ImageSet | None = None,
    masks: ImageSet | None = None,
    options: Drawing | None = None,
    shard: Shard | None = None,
    progress: Progress = silent,
) -> ImageSet:
    """The images of a plan, or of one shard of it, written to a folder of their own.

    A call that was cut off goes on where it stood when it is made again. An image that cannot be drawn is left out and
    named in `unreadable` and in the manifest, with the reason.

    Raises
    ------
    InputError
        If the model cannot do what is planned, or there are no sources where a strategy needs them.
    """
    shard = shard or Shard()
    folder = out if shard.of == 1 else out / shard.name
    whole = planned(model, plan, sources=sources, masks=masks, options=options)
    part = whole.take(np.array(shard.positions(len(whole)), dtype=np.int64))
    if len(part) == 0:
        raise InputError(Problem(f"has {len(whole)} images", where="--shard", cure="fewer shards"))
    began = time.monotonic()

    def drawing(_work: str, done: int, total: int) -> None:
        progress("drawing", round(len(part) * done / max(total, 1)), len(part))

    drawn = save(part, folder, resources=Resources(workers=1), progress=drawing)
    if not (folder / MANIFEST).exists():
        seconds = time.monotonic() - began
        write_json(folder / MANIFEST, _manifest(model, plan, shard, part, drawn, seconds))
    return drawn


def planned(
    model: Model,
    plan: Plan,
    *,
    sources: ImageSet | None = None,
    masks: ImageSet | None = None,
    options: Drawing | None = None,
) -> ImageSet:
    """The images of a plan, drawn when they are asked for; their ids begin with the names of their quotas."""
    parts = {quota.name: _part(model, quota, plan.seed, sources, masks, options) for quota in plan.quotas}
    whole = joined(parts)
    size, on_gpu = _measured_once(parts.values()), model.device.type == "cuda"
    pixels = _InBatches(whole.pixels, size, on_gpu, model.description.spacing_mm)
    return replace(whole, pixels=pixels, name=f"samples of {model.folder}")


def _part(
    model: Model,
    quota: Quota,
    seed: int,
    sources: ImageSet | None,
    masks: ImageSet | None,
    options: Drawing | None,
) -> ImageSet:
    """The images of one quota, each of which says its strategy."""
    chosen = replace(options or Drawing(), label=quota.label, group=quota.group or None)
    if quota.strategy == "text":
        images = model.sample(quota.seeds(seed), chosen)
    elif sources is None:
        what = f"{quota.strategy} begins from images, and none are given"
        raise InputError(Problem(what, where="--source", cure="name a set"))
    else:
        derivation = Derivation(STRATEGIES[quota.strategy], sources, masks)
        images = model.sample(quota.seeds(seed), chosen, derivation=derivation, turns=range(quota.n))
    ids = [f"{number:08d}" for number in range(quota.n)]
    return replace(images, table=images.table.assign(id=ids, strategy=quota.strategy))


def _measured_once(parts: Iterable[ImageSet]) -> int:
    """Images that are drawn together, of all parts alike."""
    drawn = [part.pixels for part in parts if isinstance(part.pixels, DrawnPixels)]
    size = drawn[0].at_once
    for pixels in drawn:
        pixels.__dict__["at_once"] = size
    return size


def _manifest(
    model: Model, plan: Plan, shard: Shard, asked: ImageSet, drawn: ImageSet, seconds: float
) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "model": str(model.folder),
        "generator": str(drawn.table["generator"].iloc[0]),
        "plan": asdict(plan),
        "shard": [shard.number, shard.of],
        "n_asked": len(asked),
        "n_drawn": len(drawn),
        "failed": [[one.where, one.reason] for one in drawn.unreadable],
        "seconds": round(seconds, 3),
        "images_a_second": round(len(drawn) / max(seconds, 1e-9), 4),
        "device": str(model.device),
    }


@dataclass(frozen=True, eq=False)
class _InBatches:
    """Images of several sources that are made together, so many at once, across the borders of the sources."""

    pixels: Pixels
    at_once: int
    on_gpu: bool
    spacing_mm: tuple[float, ...] | None

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each image."""
        return self.pixels.shapes

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of the pixels."""
        return self.pixels.dtype

    @property
    def fingerprint(self) -> str:
        """What the images are."""
        return self.pixels.fingerprint

    def image(self, position: int) -> Image:
        """One image; as many as are made at once are made and kept when the first is asked for, so take few."""
        together = None if len(self) > self.at_once else self._made
        return self.pixels.image(position) if together is None else Image(together[position], self.spacing_mm)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """Consecutive images."""
        return self.pixels.read(start, stop)

    def take(self, positions: Int64[np.ndarray, " n"]) -> _InBatches:
        """The images at these positions."""
        return replace(self, pixels=self.pixels.take(positions))

    @cached_property
    def _made(self) -> Shaped[np.ndarray, "n c *space"] | None:
        """All of them; None where one of them cannot be drawn, whatever the reason."""
        try:
            return self.read(0, len(self))
        except UnreadableImage:
            return None
