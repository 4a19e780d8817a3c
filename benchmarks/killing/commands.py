"""Which commands are killed? All that take long, on phantoms so small that each takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image as Pillow

from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.imagesets import ImageSet, save
from doppelscan.imagesets.phantoms import chest, skin
from doppelscan.seeds import stream

__all__ = ["TRAININGS", "Given", "commands"]

_SIDE = 16
_AUTOENCODER = ("channels=8,8,16", "patch_channels=8,8", "latent_channels=2")
_DIFFUSION = ("head_channels=8", "steps=50", "sampler_steps=3")
_STEPS = ("batch=8", "warm_up=0")
TRAININGS: Mapping[str, tuple[str, ...]] = {
    "vae": (*_AUTOENCODER, "n_images=240", "adversary_from=80", *_STEPS),
    "stylegan2": ("n_z=8", "n_w=8", "capacity=64", "widest=8", "training.n_images=120", "training.batch=8"),
    "ddpm": ("channels=8,16", "attention=false,true", "patch=1", *_DIFFUSION, "n_images=240", *_STEPS),
    "latent_diffusion": (
        *(f"autoencoder.{one}" for one in (*_AUTOENCODER, "channels=8,16")),
        *(f"autoencoder.training.{one}" for one in ("n_images=120", *_STEPS)),
        *(f"diffusion.{one}" for one in (*_DIFFUSION, "channels=32,64", "attention=false,true")),
        *(f"diffusion.training.{one}" for one in ("n_images=120", *_STEPS)),
    ),
    "text_to_image": ("sampler_steps=3", "n_images=40", *_STEPS),
}
"""What makes each family's `tiny` preset smaller still."""

_RECIPE = """
format = "doppelscan-recipe/1"
title = "A small study"
seeds = [0]

[sources.chest]
phantoms = "chest"
patients = 40
size = 16
held_out = 20

[fixed]
source = "chest"
family = "vae"
preset = "tiny"
images = 6
repeats = 1
fitted_on = "these"
samples = 4
length = "short"
network = "small"

[[grid]]
images = [3, 6]

[levels.length]
short = { vae = ["n_images=80"] }

[levels.network]
small = { vae = ["channels=8,8,16", "patch_channels=8,8", "latent_channels=2", "batch=8"] }

[audit]
method = "pearson"
n_controls = 2
"""


@dataclass(frozen=True)
class Given:
    """What the commands work on, in one folder."""

    folder: Path

    def make(self) -> Given:
        """Films to train on, of others, and synthetic ones with copies among them; lesions of two classes; a recipe."""
        trained, held, novel = (
            chest(n, size=_SIDE, first_patient=first) for n, first in ((120, 0), (60, 200), (40, 300))
        )
        chance = stream(0, "noisy copies")
        copies = trained.pixels[:3] + chance.normal(0, 8, trained.pixels[:3].shape)
        synthetic = np.concatenate([novel.pixels, np.clip(copies, 0, 255).astype(np.uint8)])
        self._films("train", trained.pixels, trained.table["patient"])
        self._films("holdout", held.pixels, held.table["patient"])
        self._films("synthetic", synthetic, None)
        for name, n, first in (("lesions", 24, 0), ("test", 24, 100), ("drawn", 24, 200)):
            photographs = skin(n, size=24, first_patient=first, classes=("melanoma", "nevus"))
            save(ImageSet.from_arrays(photographs.pixels, photographs.table), self.folder / name)
        (self.folder / "recipe.toml").write_text(_RECIPE)
        write_tiny_model(self.folder / "weights")
        return self

    def _films(self, name: str, pixels: np.ndarray, patients: pd.Series | None) -> None:
        folder = self.folder / name
        folder.mkdir(parents=True)
        names = [f"{name}-{number:04d}.png" for number in range(len(pixels))]
        for film, one in zip(pixels, names, strict=True):
            Pillow.fromarray(film[0]).save(folder / one)
        if patients is not None:
            pd.DataFrame({"file": names, "patient": patients}).to_csv(folder / "images.csv", index=False)

    @property
    def films(self) -> tuple[str, ...]:
        """Three sets of films, as options."""
        return tuple(
            word
            for name in ("train", "synthetic", "holdout")
            for word in (f"--{name}", str(self.folder / name))
        )


def commands(given: Given) -> dict[str, list[str]]:
    """Each command's words but for --out; those that need what others write come after these."""
    folder, films = given.folder, given.films
    said: dict[str, tuple[str, ...]] = {
        "prepare": ("prepare", str(folder / "train"), "--size", "24", "--holdout", "0.3"),
        **{f"train {family}": _training(folder, family) for family in TRAININGS},
        "sample": ("sample", str(folder / "train ddpm"), "--seeds", "0-99", "--device", "cpu"),
        "audit pearson": ("audit", *films, "--method", "pearson"),
        "audit registered": ("audit", *films, "--effort", "quick"),
        "study": ("study", str(folder / "recipe.toml")),
        "quality": ("quality", "--real", *films[1:], "--encoder", "pixels", "--draws", "20", "--pairs", "20"),
        "membership": ("membership", *films),
        "utility": (
            "utility",
            *("--real", str(folder / "lesions"), "--test", str(folder / "test")),
            *("--synthetic", f"drawn={folder / 'drawn'}", "--real-per-class", "2,4", "--per-real", "1"),
            *("--seeds", "2", "--encoder", "pixels"),
        ),
        "release": _release(folder),
        "power": ("power", "--train", films[1], "--holdout", films[5], "--patients", "20"),
    }
    return {name: list(words) for name, words in said.items()}


def _training(folder: Path, family: str) -> tuple[str, ...]:
    text = family == "text_to_image"
    images = folder / ("lesions" if text else "train")
    changes = [*TRAININGS[family], *([f"weights={folder / 'weights'}"] if text else [])]
    asked = ("--images", str(images), "--preset", "tiny", "--device", "cpu")
    return ("train", family, *asked, *(word for change in changes for word in ("--set", change)))


def _release(folder: Path) -> tuple[str, ...]:
    limits = "--max-copied 0.9 --max-exposed 60 --min-power 0 --review-top 0 --published 2026-11-21"
    said = "--license CC-BY-4.0 --training-license allowed --creator A --title B --generator C"
    return ("release", "--audit", str(folder / "audit pearson"), *f"{limits} {said}".split())
