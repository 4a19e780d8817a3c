"""The demos, made so small that a test may run them."""

from __future__ import annotations

import pytest

SMALL = {"_TRAIN": 4, "_HOLDOUT": 30, "_DRAWN": 12, "_SIZE": 16}
RECIPE = (
    *("n_images=40", "batch=8", "channels=8,16", "attention=false,true", "head_channels=8", "steps=20"),
    *("sampler_steps=2", "precision=float32"),
)
WORDED = {
    "_TRAIN": 6,
    "_HOLDOUT": 6,
    "_SIZE": 16,
    "_DRAWN": 3,
    "_CHANNELS": (16, 16),
    "_RECIPE": ("n_images=16", "batch=8", "precision=float32", "sampler_steps=2"),
}


def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on: a few films of few pixels, and networks to match."""
    for name, n in SMALL.items():
        monkeypatch.setattr(f"doppelscan.cli.demo.{name}", n)
    monkeypatch.setattr("doppelscan.cli.demo._RECIPE", RECIPE)
    for name, n in (("_TRAIN", 30), ("_HOLDOUT", 30), ("_NOVEL", 12)):
        monkeypatch.setattr(f"doppelscan.cli.planted.{name}", n)
    monkeypatch.setattr("doppelscan.cli.planted._COPIES", {"exact": 3, "flip": 2})
    for name, value in WORDED.items():
        monkeypatch.setattr(f"doppelscan.cli.worded.{name}", value)
