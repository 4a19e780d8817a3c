"""A training is kept in folders from which it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import FormatError
from doppelscan.generators import Keeping, fit
from doppelscan.generators.checkpoints import Checkpoint, checkpoints_of, keep, prune, resume
from doppelscan.generators.engine import Lesson, training
from doppelscan.generators.team import Team

from .small import QUIET, pictures, settings, weights
from .toy import CPU, examples, learner

PATHS = os.pathsep.join(str(Path(__file__).parents[up] / name) for up, name in ((1, ""), (2, "src")))


def test_a_learner_goes_on_where_it_was_kept(tmp_path: Path) -> None:
    lesson, alone = Lesson(examples(), np.full(20, -1), seed=0), Team(0, 1, CPU)
    first, second = learner(), learner()
    for step in training(first, lesson, alone):
        if step.done == 4:
            kept = keep(first, 0, tmp_path)
    resume(second, kept)
    assert (second.step, second.seen) == (4, 32)
    assert len(list(training(second, lesson, alone))) == 6
    for name, value in first.networks.state_dict().items():
        assert value.equal(second.networks.state_dict()[name]), name
    assert second.averaged["right"].value.equal(first.averaged["right"].value)
    assert float(second.networks["left"].turns) == 10  # a buffer


def test_the_last_ones_and_one_of_each_span_stay(tmp_path: Path) -> None:
    student = learner()
    for seen in range(8, 88, 8):
        student.progress.seen = seen
        keep(student, 0, tmp_path)
    (tmp_path / "checkpoints/.of-a-killed-one.draft").mkdir()
    prune(tmp_path, last=2, every=30)
    assert [one.seen for one in checkpoints_of(tmp_path)] == [8, 32, 64, 72, 80]
    assert not list((tmp_path / "checkpoints").glob(".*.draft"))
    student.progress.seen = 8
    keep(student, 1, tmp_path)
    prune(tmp_path, last=1, every=None)
    left = checkpoints_of(tmp_path)
    assert [(one.stage, one.seen) for one in left] == [(0, 80), (1, 8)]  # a stage's last one is drawn with
    assert str(left[1]) == "8 images of stage 2"


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    kept = keep(learner(), 0, tmp_path)
    path = kept.folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FormatError, match="cut off"):
        resume(learner(), kept)
    with pytest.raises(FormatError, match="cannot be read"):
        resume(learner(), Checkpoint(0, 8, tmp_path / "nowhere"))


def test_a_training_that_is_killed_at_a_random_step_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    images, chosen = pictures((1, 8, 8)), settings("ddpm", "n_images=160")
    fit(images, chosen, out=tmp_path / "whole", keeping=QUIET)
    program = (
        "import sys; from pathlib import Path; from generators.small import *; from doppelscan.generators import fit;"
        "fit(pictures((1, 8, 8)), settings('ddpm', 'n_images=160'), out=Path(sys.argv[1]),"
        "keeping=Keeping(marks=20, grid=0, log_steps=1))"
    )
    folder = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], env=os.environ | {"PYTHONPATH": PATHS}
    )
    deadline = time.monotonic() + 300
    least = int(np.random.default_rng().integers(2, 10))  # a line comes before its checkpoint
    while process.poll() is None and len(_written(folder)) < least and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 0 < checkpoints_of(folder)[-1].seen < 160
    fit(images, chosen, out=folder, keeping=Keeping(marks=20, grid=0, log_steps=1))
    assert weights(folder) == weights(tmp_path / "whole")
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 20


def _written(folder: Path) -> list[str]:
    """Lines of the curves, one a step."""
    path = folder / "metrics.jsonl"
    return path.read_text().splitlines() if path.exists() else []
