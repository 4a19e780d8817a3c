"""The demos, made so small that a test may run them: what is replaced of their commands, by name."""

from __future__ import annotations

import pytest

TRAINED: dict[str, object] = {
    "doppelscan.cli.demo._TRAIN": 4,
    "doppelscan.cli.demo._HOLDOUT": 30,
    "doppelscan.cli.demo._DRAWN": 12,
    "doppelscan.cli.demo._SIZE": 16,
    "doppelscan.cli.demo._RECIPE": (
        *("n_images=40", "batch=8", "channels=8,16", "attention=false,true", "head_channels=8", "steps=20"),
        *("sampler_steps=2", "precision=float32"),
    ),
}
PLANTED: dict[str, object] = {
    "doppelscan.cli.planted._TRAIN": 30,
    "doppelscan.cli.planted._HOLDOUT": 30,
    "doppelscan.cli.planted._NOVEL": 12,
}
WORDED: dict[str, object] = {
    "doppelscan.cli.worded._TRAIN": 6,
    "doppelscan.cli.worded._HOLDOUT": 6,
    "doppelscan.cli.worded._SIZE": 16,
    "doppelscan.cli.worded._DRAWN": 3,
    "doppelscan.cli.worded._CHANNELS": (16, 16),
    "doppelscan.cli.worded._RECIPE": ("n_images=16", "batch=8", "precision=float32", "sampler_steps=2"),
}


def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on: a few films of few pixels, and networks to match."""
    for name, value in {**TRAINED, **PLANTED, **WORDED}.items():
        monkeypatch.setattr(name, value)
    monkeypatch.setattr("doppelscan.cli.planted._COPIES", {"exact": 3, "flip": 2})
