"""What does a text-to-image model make of words and of photographs? The sets of `doppelscan demo --text`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doppelscan.generators import Model
    from doppelscan.imagesets import ImageSet
    from doppelscan.workers import Progress

__all__ = ["Worded", "skins", "worded"]

_TRAIN, _HOLDOUT, _SIZE = 24, 48, 32  # patients, other patients, pixels
_CLASSES = ("melanoma", "nevus", "psoriasis")
_STRATEGIES = ("inpaint", "outpaint", "in-then-outpaint", "image-to-image")
_DRAWN = 16  # of each strategy: as many as are drawn at once
_CHANNELS = (32, 64)  # of the U-Net
_RECIPE = (
    *("n_images=2400", "batch=8", "warm_up=400", "decay=cosine", "half_life=400", "precision=float32"),
    *("learning_rate=0.002", "sampler_steps=12"),
)


@dataclass(frozen=True)
class Worded:
    """What was trained, on what, for how long, and what it drew."""

    n_patients: int
    epochs: int
    n_drawn: int
    n_of_holdout: int

    @staticmethod
    def of(kept: Mapping[str, ImageSet], out: Path) -> Worded:
        """Told from the sets and the model's own curves."""
        n, ids = len(kept["train"]), kept["synthetic"].table["id"]
        last = json.loads((out / "model/metrics.jsonl").read_text().splitlines()[-1])
        return Worded(n, round(last["seen"] / n), len(ids), int(ids.str.startswith("holdout/").sum()))

    def to_json(self) -> dict[str, object]:
        """Numbers for machines."""
        return asdict(self)

    def sentence(self) -> str:
        """The story in words."""
        return (
            f"A text-to-image model of random weights learnt the photographs of {self.n_patients} invented patients, "
            f"each {self.epochs} times, with prompts such as 'An image of nevus'. It drew "
            f"{self.n_drawn - self.n_of_holdout} images by five strategies and, to compare with, "
            f"{self.n_of_holdout} from photographs of other patients."
        )


def skins(seed: int) -> dict[str, ImageSet]:
    """Photographs of lesions of few patients to train on, and of others."""
    from doppelscan.imagesets import ImageSet
    from doppelscan.imagesets.phantoms import skin

    train = skin(_TRAIN, size=_SIZE, seed=seed, classes=_CLASSES)
    holdout = skin(_HOLDOUT, size=_SIZE, seed=seed, classes=_CLASSES, first_patient=_TRAIN)
    return {
        "train": ImageSet.from_arrays(train.pixels, train.table),
        "holdout": ImageSet.from_arrays(holdout.pixels, holdout.table),
    }


def worded(kept: Mapping[str, ImageSet], out: Path, seed: int, progress: Progress) -> ImageSet:
    """What a model draws that was fine-tuned on the training set.

    By every strategy, from training photographs; and by all but `text` from held-out ones, whom it cannot remember.
    """
    from doppelscan.generators import Plan, Quota, sample_plan
    from doppelscan.imagesets import save
    from doppelscan.imagesets.joining import joined

    model, drawn = _fine_tuned(kept["train"], out, seed, progress), {}
    for name, strategies in {"train": ("text", *_STRATEGIES), "holdout": _STRATEGIES}.items():
        plan = Plan(tuple(Quota(_n(name), strategy) for strategy in strategies), seed)
        drawn[name] = sample_plan(model, plan, out / f"drawn-{name}", sources=kept[name], progress=progress)
    return save(joined(drawn), out / "synthetic")


def _n(name: str) -> int:
    """Images of each strategy: of held-out photographs one each, for they are what is compared with."""
    return _DRAWN if name == "train" else _HOLDOUT


def _fine_tuned(train: ImageSet, out: Path, seed: int, progress: Progress) -> Model:
    """A whole model of random weights, its U-Net then trained on the photographs and their labels."""
    from doppelscan.generators import Keeping, changed, family_named, fit
    from doppelscan.generators.text_to_image.tiny import write_tiny_model

    weights = out / "weights"
    if not (weights / "scheduler" / "scheduler_config.json").exists():
        write_tiny_model(weights, keeping=train.read(0, len(train)), channels=_CHANNELS, steps=1000)
    settings = changed(
        family_named("text_to_image").presets["tiny"], [f"weights={weights.absolute()}", *_RECIPE]
    )
    keeping = Keeping(marks=2, last=1, minutes=0.25, grid=0)
    return fit(train, settings, out=out / "model", seed=seed, keeping=keeping, progress=progress)
