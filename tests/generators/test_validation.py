"""The loss on training and on held-out images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.generators import Keeping, fit
from doppelscan.generators.validation import Panel, chosen_for_panel, losses

from .small import pictures, settings
from .toy import examples, learner


def test_the_loss_is_the_mean_of_the_patients_means() -> None:
    patients = np.array([0] * 10 + [1, 2] * 5)
    panel = Panel(examples(), patients, np.full(20, -1))
    each = (np.linspace(-1, 1, 20) - 1) ** 2
    oracle = np.mean([each[patients == patient].mean() for patient in range(3)])
    assert losses(learner(), panel, n_conditions=0, seed=0) == pytest.approx(oracle, abs=1e-6)


def test_a_panel_is_a_fixed_draw_of_as_many_images_as_asked() -> None:
    first, again = (chosen_for_panel(20, 7, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(set(first)) == 7
    assert len(chosen_for_panel(5000, 2000, seed=0)) == 512


def test_both_losses_and_their_gap_are_logged_and_change_no_weight(tmp_path: Path) -> None:
    images, held = pictures((1, 8, 8)), pictures((1, 8, 8), 6, first=40)
    chosen = settings("ddpm", "n_images=32")
    keeping = Keeping(marks=2, grid=4, log_steps=1)
    fit(images, chosen, out=tmp_path / "with", holdout=held, keeping=keeping)
    fit(images, chosen, out=tmp_path / "without", keeping=Keeping(marks=1, grid=0))
    lines = [json.loads(line) for line in (tmp_path / "with/metrics.jsonl").read_text().splitlines()]
    gaps = [line for line in lines if "gap" in line]
    assert [line["seen"] for line in gaps] == [16, 32]
    for line in gaps:
        assert line["gap"] == line["holdout loss"] - line["training loss"]
    last = [sorted((tmp_path / name / "checkpoints").iterdir())[-1] for name in ("with", "without")]
    assert len({(folder / "weights.safetensors").read_bytes() for folder in last}) == 1
    assert len(list((tmp_path / "with/samples").glob("*.png"))) == 2


def test_a_patient_on_both_sides_is_refused(tmp_path: Path) -> None:
    images = pictures((1, 8, 8))
    with pytest.raises(InputError, match="2 patients are in the training set too: p4, p5"):
        fit(images, settings("ddpm"), out=tmp_path / "m", holdout=pictures((1, 8, 8), first=8))
