"""A release that is killed at any moment is whole or not there, and the same command ends it with the same bytes."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from calling import bytes_of
from doppelscan.seeds import stream
from publishing import obey

from .conftest import Audited

PRELOADED = ["publishing", "doppelscan.release.releasing", "doppelscan.cli.release", "matplotlib.figure"]


@dataclass(frozen=True)
class Command:
    """`doppelscan release` of one audit to one folder."""

    run: Path
    out: Path
    cache: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        limits = "--max-copied 0.5 --max-exposed 5 --min-power 0.1 --review-top 0 --workers 1"
        said = "--published 2026-11-21 --license CC-BY-4.0 --training-license allowed"
        return "release", "--audit", str(self.run), "--out", str(self.out), *f"{limits} {said}".split()

    def ended(self, seconds: float | None = None) -> bool:
        """Start it; whether it ended well before it was killed, so many seconds later."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        process = context.Process(target=obey, args=(self.arguments, str(self.cache)))
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        assert process.exitcode in (0, -9)
        return process.exitcode == 0


@pytest.fixture
def command(audited: Audited, kept_cache: Path, tmp_path: Path) -> Command:
    return Command(audited.run, tmp_path / "release", kept_cache)


def kill(command: Command, times: int) -> int:
    """Kill it so often, at moments from its start to beyond its end; how often something was half done.

    After every kill there is no release, or all of it; then the same command makes what it makes undisturbed.
    """
    began = time.monotonic()
    assert command.ended()
    length = time.monotonic() - began
    whole = bytes_of(command.out)
    command.out.rename(command.out.with_name("whole"))
    half_done = 0
    for moment in stream(0, "kills of a release").uniform(0, 1.1, times):
        if command.out.exists():
            command.out.rename(command.out.with_name(f"by {moment}"))
        ended = command.ended(length * moment)
        half_done += command.out.with_name(".release.partial").exists()
        assert not ended or command.out.exists()
        assert not command.out.exists() or bytes_of(command.out) == whole
    if not command.out.exists():
        assert command.ended()
    assert bytes_of(command.out) == whole
    return half_done


def test_three_kills_leave_nothing_half_written_as_a_release(command: Command) -> None:
    kill(command, 3)
    assert {path.name for path in command.out.parent.iterdir() if path.name.startswith(".")} == set()


@pytest.mark.slow
def test_twenty_kills_leave_nothing_half_written_as_a_release(command: Command) -> None:
    assert kill(command, 20) > 3
