"""Where do the images of a pair come from? From the sets that were audited; known copies are planted once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.audit.planted import Job, planted
from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.transforms import by_name
from doppelscan.imagesets import ImageSet
from doppelscan.report.sources import Pictures, pictures
from doppelscan.review.queue import QueuedPair
from doppelscan.settings import Resources

__all__ = ["Images"]


@dataclass(frozen=True)
class Images:
    """The images of a run's pairs, read when asked for."""

    synthetic: Pictures
    train: Pictures
    holdout: Pictures
    seed: int

    @staticmethod
    def of(record: Mapping[str, Any], moved: Mapping[str, ImageSet]) -> Images:
        """The sets where the run's record says they are, or those given in their place."""
        synthetic, train, holdout = (
            pictures(record, part, moved.get(part)) for part in ("synthetic", "train", "holdout")
        )
        return Images(synthetic, train, holdout, int(record.get("seed", 0)))

    def __call__(self, pair: QueuedPair) -> tuple[Image, Image]:
        """The first image of a pair and the training image beside it.

        Raises
        ------
        UnreadableImage
            If one of them cannot be had, or they are not of one shape, as audited images are.
        """
        training = self.train(pair.key.train_id)
        first = self._first(pair, training)
        if first.stored.shape != training.stored.shape:
            raise UnreadableImage("The images differ in shape: they are not those that were audited.")
        return first, training

    def _first(self, pair: QueuedPair, training: Image) -> Image:
        if pair.found_in == "planted":
            return self._planted(pair, training)
        places = {"synthetic": self.synthetic, "holdout": self.holdout, "train": self.train}
        return places[pair.found_in](pair.key.synthetic_id)

    def _planted(self, pair: QueuedPair, source: Image) -> Image:
        """The known copy as the audit made it: by the same code, and by a chance that its names alone decide."""
        one = ImageSet.from_arrays(np.asarray(source.pixels)[None], pd.DataFrame({"id": [pair.key.train_id]}))
        jobs = [Job(0, change) for change in by_name([pair.transform])]
        image = planted(jobs, one, one, seed=self.seed, resources=Resources(workers=1))[0]
        return Image(image.stored, source.spacing_mm)
