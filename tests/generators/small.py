"""Image sets, networks and schedules that are small enough to train in a test."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from doppelscan.generators import Keeping, changed, family_named
from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.imagesets import ImageSet

SHAPES = {
    "one channel": (1, 12, 9),
    "five channels": (5, 8, 11),
    "RGB": (3, 8, 8),
    "volume": (1, 6, 5, 8),
}

AUTOENCODER = ["channels=8,8,16", "patch_channels=8,8", "latent_channels=2", "adversary_from=24"]
DIFFUSION = ["attention=false,true", "head_channels=8", "steps=50", "sampler_steps=3"]

SMALLEST = {
    "stylegan2": ["n_z=8", "n_w=8", "capacity=64", "widest=8"],
    "vae": AUTOENCODER,
    "ddpm": ["channels=8,16", "patch=1", *DIFFUSION],
    "text_to_image": ["learning_rate=0.002", "sampler_steps=3"],
    "latent_diffusion": [
        *(f"autoencoder.{change}" for change in [*AUTOENCODER, "channels=8,16"]),
        *(f"diffusion.{change}" for change in [*DIFFUSION, "channels=32,64", "learning_rate=0.004"]),
    ],
}
"""What makes each family's `tiny` preset small enough for a test."""

SCHEDULE = ["n_images=64", "batch=8", "warm_up=0"]

QUIET = Keeping(marks=1, grid=0, log_steps=1)


def settings(family: str, *changes: str) -> Any:
    """The family's smallest network, each stage trained for eight steps, but for the changes.

    What a change names in several parts of the settings is changed in all of them.
    """
    chosen = changed(preset(family, "tiny"), SMALLEST[family])
    for change in [*SCHEDULE, *changes]:
        key = change.partition("=")[0]
        paths = [path for path in _paths(asdict(chosen)) if f".{path}".endswith(f".{key}")]
        value = change.partition("=")[2]
        chosen = changed(chosen, [f"{path}={value}" for path in paths] or [change])
    return chosen


def preset(family: str, name: str) -> Any:
    """A preset; where it begins with others' weights, with small random ones."""
    chosen = family_named(family).presets[name]
    return changed(chosen, [f"weights={tiny_weights()}"]) if family == "text_to_image" else chosen


_WEIGHTS = tempfile.TemporaryDirectory(prefix="doppelscan-tiny-")


@lru_cache
def tiny_weights() -> Path:
    """Where they are."""
    return write_tiny_model(Path(_WEIGHTS.name) / "model")


def _paths(values: dict[str, Any], before: str = "") -> list[str]:
    """The paths of all settings."""
    inner = {
        name: _paths(value, f"{before}{name}.") for name, value in values.items() if isinstance(value, dict)
    }
    return [path for name in values for path in inner.get(name, [before + name])]


def pictures(
    shape: Sequence[int], n: int = 12, *, first: int = 0, dtype: str = "uint8", labels: bool = True
) -> ImageSet:
    """Images of a ramp and a box whose place and brightness differ; two of each patient."""
    axes = np.meshgrid(*(np.linspace(0, 1, length) for length in shape[1:]), indexing="ij")
    made = []
    for number in range(first, first + n):
        rng = np.random.default_rng(number)
        ramp = 60 * axes[0] + 40
        box = np.all([np.abs(axis - rng.uniform(0.2, 0.8)) < 0.2 for axis in axes], axis=0)
        made.append(np.stack([ramp + box * rng.uniform(50, 120) for _ in range(shape[0])]))
    table = pd.DataFrame(
        {
            "patient": [f"p{number // 2}" for number in range(first, first + n)],
            "label": [("low", "high")[number % 2] if labels else None for number in range(first, first + n)],
        }
    )
    return ImageSet.from_arrays(np.stack(made).astype(dtype), table, name=f"{n} pictures")


def weights(model: Path) -> dict[str, bytes]:
    """The bytes of everything that the last checkpoint keeps, by file and name."""
    folder = sorted((model / "checkpoints").iterdir())[-1]
    files = ("weights.safetensors", "state.safetensors")
    return {f"{file}/{name}": v.tobytes() for file in files for name, v in load_file(folder / file).items()}
