"""Copies whose truth is known: the sets of `doppelscan demo --planted`, and what the audit found of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from doppelscan.imagesets import ImageSet

__all__ = ["Truth", "planted_sets", "truth_of"]

_TRAIN, _HOLDOUT, _NOVEL = 400, 300, 180  # patients
_COPIES = {"exact": 4, "noise": 4, "blur": 4, "gamma": 4, "flip": 4}


@dataclass(frozen=True)
class Truth:
    """What was planted, what of it was found, and what else was flagged."""

    planted: dict[str, int]
    found: dict[str, int]
    n_synthetic: int
    novel_flagged: int

    def to_json(self) -> dict[str, object]:
        """Numbers for machines."""
        return {"planted": self.planted, "found": self.found, "novel_flagged": self.novel_flagged}

    def sentence(self) -> str:
        """The truth and the finding, in words."""
        kinds = ", ".join(f"{name} {self.found[name]} of {n}" for name, n in self.planted.items())
        total, found = sum(self.planted.values()), sum(self.found.values())
        return (
            f"Truth: {total} of {self.n_synthetic} synthetic images copy a patient. Found: {found} ({kinds}); "
            f"novel images flagged: {self.novel_flagged}. Correlation of pixels cannot see a mirrored copy, and "
            "the audit's power says so."
        )


def planted_sets(seed: int) -> dict[str, ImageSet]:
    """Training, synthetic and held-out films; novel synthetic films are of patients in neither."""
    from doppelscan.imagesets import ImageSet
    from doppelscan.imagesets.phantoms import chest

    train = chest(_TRAIN, films=2, seed=seed)
    holdout = chest(_HOLDOUT, seed=seed, first_patient=_TRAIN)
    novel = chest(_NOVEL, seed=seed, first_patient=_TRAIN + _HOLDOUT)
    trained = ImageSet.from_arrays(train.pixels, train.table)
    return {
        "train": trained,
        "synthetic": _with_copies(ImageSet.from_arrays(novel.pixels), trained, seed),
        "holdout": ImageSet.from_arrays(holdout.pixels, holdout.table),
    }


def truth_of(run: Path, synthetic: pd.DataFrame) -> Truth:
    """What the audit in this folder found, held against the table that says what was planted."""
    from doppelscan.findings import read_run

    matches = read_run(run).matches
    flagged = set(matches.loc[matches["copied"], "synthetic_id"])
    hit = synthetic["id"].isin(flagged)
    found = {name: int(hit[synthetic["strategy"] == name].sum()) for name in _COPIES}
    return Truth(_COPIES, found, len(synthetic), int(hit[synthetic["strategy"] == "novel"].sum()))


def _with_copies(novel: ImageSet, train: ImageSet, seed: int) -> ImageSet:
    """The novel films and transformed copies of training films, shuffled; column `copy_of` holds the truth."""
    import numpy as np
    import pandas as pd

    from doppelscan.images.transforms import by_name
    from doppelscan.imagesets import ImageSet
    from doppelscan.seeds import stream

    chance = stream(seed, "demo copies")
    names = [name for name, n in _COPIES.items() for _ in range(n)]
    sources = chance.choice(len(train), size=len(names), replace=False)
    copies = [
        transform(train[int(source)].pixels, stream(seed, "demo copy", int(source)))
        for transform, source in zip(by_name(names), sources, strict=True)
    ]
    pixels = np.concatenate([novel.read(0, len(novel)), np.stack(copies)])
    order = chance.permutation(len(pixels))
    truth = pd.DataFrame(
        {
            "strategy": ["novel"] * len(novel) + names,
            "copy_of": [None] * len(novel) + train.table["id"].iloc[sources].tolist(),
        }
    ).iloc[order]
    return ImageSet.from_arrays(pixels[order], truth.assign(id=[f"{i:04d}" for i in range(len(order))]))
