"""A Ray cluster of two machines on loopback, started as the documentation says; one for all tests of this folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

if importlib.util.find_spec("ray") is None:  # it is not imported before its environment is set
    pytest.skip("the extra `ray` is not installed", allow_module_level=True)

TESTS = Path(__file__).parents[1]
RAY = str(Path(sys.executable).with_name("ray"))
STORE = 80 * 2**20  # bytes of each machine's object store, the least that Ray takes is 75 MB
SOON = '{"health_check_initial_delay_ms":500,"health_check_period_ms":500,"health_check_timeout_ms":3000}'


@dataclass
class Machines:
    """A cluster whose machines are processes: `address` is the head's; the others can be lost and added."""

    folder: Path
    environment: dict[str, str]
    port: int
    _raylets: list[int] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def begin(self, cores: int) -> None:
        """Start the head."""
        extra = ["--head", f"--port={self.port}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        self._start(*extra, f"--num-cpus={cores}", f"--system-config={SOON}")

    def add(self, cores: int, gpus: int = 0) -> None:
        """Add a machine; Ray takes our word for its GPUs."""
        before = set(self.raylets())
        self._start(f"--address={self.address}", f"--num-cpus={cores}", f"--num-gpus={gpus}")
        self._raylets += sorted(set(self.raylets()) - before)

    def lose(self) -> None:
        """Kill the machine that was added last, with all its workers: the power is cut."""
        raylet = self._raylets.pop()
        for process in [*_children(raylet), raylet]:
            _kill(process)

    def end(self) -> None:
        """Kill whatever is left of this cluster, and nothing else."""
        for process in self.processes():
            _kill(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    def raylets(self) -> list[int]:
        return [pid for pid in self.processes() if b"/raylet/raylet" in _command(pid).split(b"\0")[0]]

    def processes(self) -> list[int]:
        """Those of Ray that name this cluster's folder or its head, or are children of one that does."""
        marks = (str(self.folder).encode(), f":{self.port}".encode())
        named = [pid for pid in _all() if b"ray" in _command(pid) and any(m in _command(pid) for m in marks)]
        return sorted({*named, *(child for pid in named for child in _children(pid))} - {os.getpid()})

    @property
    def _log(self) -> Path:
        return self.folder.with_suffix(".log")

    def _start(self, *options: str) -> None:
        """Ray gives a machine half a minute to start; one that is busy is given that three times."""
        command = [RAY, "start", *options, f"--object-store-memory={STORE}", "--disable-usage-stats"]
        for _ in range(3):
            before = set(self.processes())
            with self._log.open("ab") as log:
                done = subprocess.run(
                    command,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.environment,
                )
            if done.returncode == 0:
                return
            for process in set(self.processes()) - before:
                _kill(process)
        pytest.fail(f"no machine of Ray starts here: {self._log.read_text()[-500:]}")


@pytest.fixture(scope="session")
def machines() -> Iterator[Callable[..., Machines]]:
    """What begins a cluster: its head with so many cores, and machines with so many each."""
    begun: list[Machines] = []

    def begin(head: int, *others: int, gpus: int = 0) -> Machines:
        folder = Path("/tmp") / f"ds-{uuid.uuid4().hex[:8]}"  # noqa: S108 - a socket's path may have 107 letters
        path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
        own = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "RAY_AUTH_MODE": "token"}
        secret = {
            "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
        }
        cluster = Machines(folder, os.environ | own | secret, 20_000 + os.getpid() % 20_000 + len(begun))
        begun.append(cluster)
        cluster.begin(head)
        for cores in others:
            cluster.add(cores, gpus)
        return cluster

    yield begin
    for cluster in begun:
        cluster.end()


@pytest.fixture(scope="session")
def cluster(machines: Callable[..., Machines]) -> Machines:
    """A head that only watches, and two machines of one core each."""
    return machines(0, 1, 1)


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _children(pid: int) -> list[int]:
    try:
        mine = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*mine, *(below for child in mine for below in _children(child))]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + 10
    while _command(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
