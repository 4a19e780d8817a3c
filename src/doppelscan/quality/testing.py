"""The two-sample test on whole sets: by their pixels, and by the vectors of an encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doppelscan.findings.quality import TwoSample
from doppelscan.quality.comparing import Features
from doppelscan.quality.inputs import Sets
from doppelscan.quality.measures import Seen
from doppelscan.quality.settings import QualitySettings
from doppelscan.quality.two_sample import Side, exchange_p, nearest_votes, sides_p, training_share
from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["two_sample_tests"]


def two_sample_tests(
    sets: Sets, seen: Seen, settings: QualitySettings, *, resources: Resources, progress: Progress
) -> Iterator[TwoSample]:
    """The test on pixels of all real images, and on vectors of those that the encoder did not learn from.

    None without held-out images.
    """
    if sets.holdout is None or seen.holdout is None:
        return
    trained, held = (Side(images, images.patients) for images in (sets.real, sets.holdout))
    tested = _Tested(settings.seed, resources, progress)
    yield tested.by("pixels", trained, held, sets.synthetic)
    if settings.encoder != "pixels":
        trained, held = (Side(_as_blocks(of), of.patient) for of in (seen.real, seen.holdout))
        yield tested.by(settings.encoder_name, trained, held, _as_blocks(seen.synthetic))


@dataclass(frozen=True)
class _Tested:
    """How every space is tested."""

    seed: int
    resources: Resources
    progress: Progress

    def by(self, space: str, trained: Side, held: Side, synthetic: Blocks) -> TwoSample:
        """The test in one space; progress counts pairs of images."""
        n = len(trained.images) + len(held.images)
        pairs = _Pairs(f"nearest by {space}", n * (n + len(synthetic)), self.progress)
        found = nearest_votes(
            trained, held, synthetic, seed=self.seed, resources=self.resources, progress=pairs.add
        )
        p_value, p_opposite = exchange_p(found, seed=self.seed)
        return TwoSample(space, training_share(found), p_value, p_opposite, sides_p(found, seed=self.seed))


@dataclass
class _Pairs:
    """How many pairs of images have been compared."""

    work: str
    total: int
    progress: Progress
    done: int = 0

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs
        self.progress(self.work, self.done, self.total)


def _as_blocks(features: Features) -> Blocks:
    """Vectors as images of one row."""
    return ArrayBlocks(features.vectors[:, None])
