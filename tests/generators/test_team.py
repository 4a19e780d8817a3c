"""Processes that train one model together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators import fit
from doppelscan.generators.registry import family_named
from doppelscan.generators.team import Team

from .small import QUIET, pictures, settings, weights

PATHS = os.pathsep.join(str(Path(__file__).parents[up] / name) for up, name in ((1, ""), (2, "src")))


def test_alone_nothing_is_averaged_and_nobody_waited_for() -> None:
    team, value = Team.of("cpu"), torch.tensor([1.0, 2.0])
    team.average([value])
    team.wait()
    assert (team.leads, team.size, value.tolist()) == (True, 1, [1.0, 2.0])


def test_means_over_parts_of_a_batch_are_weighed_by_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes 0 and 1 take 3 and 4 of 7 images: the mean over all is 3 / 7 of the one and 4 / 7 of the other."""
    asked: list[torch.Tensor] = []

    class Accelerate:
        class utils:  # noqa: N801 - named as the module is
            @staticmethod
            def reduce(flat: torch.Tensor, reduction: str) -> torch.Tensor:
                assert reduction == "mean"
                asked.append(flat)
                return flat

    monkeypatch.setattr("doppelscan.generators.team.doors.accelerate", lambda: Accelerate)
    cpu = torch.device("cpu")
    for rank, mean in enumerate([10.0, 20.0]):
        Team(rank, 2, cpu).average([torch.tensor([mean])], n=7)
    assert [Team(rank, 2, cpu).part(7) for rank in range(2)] == [range(3), range(3, 7)]
    assert float(torch.stack(asked).mean()) == pytest.approx((3 * 10 + 4 * 20) / 7)


def test_a_family_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="'gan' is no family"):
        family_named("gan")


@pytest.mark.slow
def test_two_processes_train_the_model_of_one_and_go_on_after_a_stop(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os\nimport sys\nfrom pathlib import Path\nfrom generators.small import *\n"
        "from doppelscan.generators import fit\nfrom doppelscan.settings import Resources\n"
        "class Cut(Exception): pass\n"
        "(Path(sys.argv[1]).parent / os.environ['RANK']).touch()\n"
        "def cut(work, done, total):\n    if done >= int(sys.argv[2]): raise Cut\n"
        "try:\n    fit(pictures((1, 8, 8)), settings('ddpm'), out=Path(sys.argv[1]), progress=cut,\n"
        "        resources=Resources(device='cpu'), keeping=Keeping(marks=8, grid=0, log_steps=1))\n"
        "except Cut: pass\n"
    )

    def launched(folder: Path, stop: int) -> None:
        two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
        command = [sys.executable, *two, str(program), str(folder), str(stop)]
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    launched(tmp_path / "whole", 1000)
    launched(tmp_path / "cut", 32)
    launched(tmp_path / "cut", 1000)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert (tmp_path / "1").exists(), "there was a second process"
    alone = settings("ddpm", "at_once=4")  # the parts of a batch of 8 that two processes take
    fit(pictures((1, 8, 8)), alone, out=tmp_path / "alone", keeping=QUIET)
    other = settings("ddpm", "at_once=2")
    fit(pictures((1, 8, 8)), other, out=tmp_path / "other", keeping=QUIET)
    whole, same, apart = (_drawing_weights(tmp_path / name) for name in ("whole", "alone", "other"))
    assert np.linalg.norm(whole - same) < 0.02 * np.linalg.norm(whole - apart)


def _drawing_weights(model: Path) -> np.ndarray:
    """All averaged weights, one after the other."""
    found = weights(model)
    names = sorted(name for name in found if name.startswith("weights.safetensors/"))
    return np.concatenate([np.frombuffer(found[name], np.float32) for name in names])
