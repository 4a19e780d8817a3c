"""What is written down of a training? Its curves, as JSON lines and for TensorBoard, and whether it broke."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from doppelscan.errors import DoppelscanError
from doppelscan.generators import doors
from doppelscan.generators.engine import Step
from doppelscan.store import write_text

__all__ = ["Diverged", "Journal"]


class Diverged(DoppelscanError):
    """A loss or a gradient is no longer a number; the weights are lost, the checkpoints before are not."""


@dataclass(eq=False)
class Journal:
    """The curves of one stage in `metrics.jsonl` and `tensorboard/`; without a folder, only the watch.

    Means are summed on the device and read every `every` steps, so that writing does not hold up the device.
    """

    folder: Path | None
    stage: str
    every: int
    _sums: dict[str, torch.Tensor] = field(default_factory=dict)
    _broken: torch.Tensor | None = None
    _steps: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _curves: Any = None

    @staticmethod
    def opened(folder: Path | None, stage: str, seen: int, every: int) -> Journal:
        """The journal of a stage that goes on after so many images: what was written later is taken back."""
        journal = Journal(folder, stage, every)
        if folder is not None:
            _take_back(folder / "metrics.jsonl", stage, seen)
            writer = doors.tensorboard().SummaryWriter
            journal._curves = writer(str(folder / "tensorboard" / stage), purge_step=seen or None)
        return journal

    def note(self, step: Step) -> None:
        """Take in one step; Diverged where a loss is no number."""
        for name, value in step.logged.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
        self._watch(step)
        self._steps += 1
        if self._steps >= self.every or step.seen >= step.total:
            self.read(step)

    def read(self, step: Step) -> None:
        """Write the means since the last reading; Diverged where one is no number."""
        if self._steps == 0:
            return
        if self._broken is not None and (broken := int(self._broken)) >= 0:
            raise Diverged(f"the loss is no number at step {broken} of {self.stage}")
        means = {name: float(value) / self._steps for name, value in self._sums.items()}
        seconds = time.monotonic() - self._begun
        self.write(step.seen, means | {"steps a second": self._steps / max(seconds, 1e-9)})
        self._sums, self._steps, self._begun = {}, 0, time.monotonic()

    def write(self, seen: int, values: Mapping[str, float]) -> None:
        """Add values at so many images."""
        if self.folder is None:
            return
        known = {name: value for name, value in values.items() if math.isfinite(value)}
        line = {"stage": self.stage, "seen": seen} | known
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in known.items():
            self._curves.add_scalar(name, value, seen)

    def rest(self) -> None:
        """Let the time that passed since the last reading not count as training."""
        self._begun = time.monotonic()

    def close(self) -> None:
        """Finish what TensorBoard has not yet written."""
        if self._curves is not None:
            self._curves.close()

    def _watch(self, step: Step) -> None:
        """Remember the first step whose loss or gradient is no number, without waiting for the device."""
        whole = torch.stack([value.float() for value in step.logged.values()]).sum()
        now = torch.where(torch.isfinite(whole), -1, step.done)
        self._broken = now if self._broken is None else torch.where(self._broken >= 0, self._broken, now)


def _take_back(path: Path, stage: str, seen: int) -> None:
    """Remove the lines of this stage that lie behind; a line cut off by a kill goes too."""
    if not path.exists():
        return
    kept = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line["stage"] != stage or line["seen"] <= seen:
            kept.append(text + "\n")
    write_text(path, "".join(kept))
