"""Curves, and whether a training broke."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from doppelscan.generators.engine import Step
from doppelscan.generators.journal import Diverged, Journal


def steps(*losses: float) -> list[Step]:
    total = 8 * len(losses)
    return [
        Step(done, 8 * done, total, {"unet": torch.tensor(loss)}) for done, loss in enumerate(losses, start=1)
    ]


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_line_is_the_mean_of_a_few_steps_and_the_last_one_of_what_is_left(tmp_path: Path) -> None:
    journal = Journal.opened(tmp_path, "ddpm", 0, 2)
    for step in steps(1, 3, 5, 7, 9):
        journal.note(step)
    journal.close()
    assert [(line["seen"], line["unet"]) for line in lines(tmp_path)] == [(16, 2), (32, 6), (40, 9)]
    assert len(list((tmp_path / "tensorboard" / "ddpm").iterdir())) == 1


def test_what_was_written_after_the_checkpoint_is_taken_back(tmp_path: Path) -> None:
    journal = Journal.opened(tmp_path, "ddpm", 0, 1)
    for step in steps(1, 2, 3):
        journal.note(step)
    journal.write(24, {"gap": 0.1})
    journal.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"stage": "ddpm", "se')  # cut off by a kill
    Journal.opened(tmp_path, "ddpm", 16, 1).close()
    assert [line["seen"] for line in lines(tmp_path)] == [8, 16]


def test_a_loss_that_is_no_number_is_told_with_its_step() -> None:
    journal = Journal.opened(None, "ddpm", 0, 4)
    few = steps(1, 2, float("nan"), 4)
    for step in few[:3]:
        journal.note(step)
    with pytest.raises(Diverged, match="no number at step 3 of ddpm"):
        journal.note(few[3])
