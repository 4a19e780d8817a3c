"""One process writes, the others wait, and a lock ends with its holder."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from doppelscan.store import locked

HOLD = """
import sys, time
from pathlib import Path
from doppelscan.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_only_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locked(tmp_path / "set"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "set")], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        waited = threading.Thread(target=_take, args=(tmp_path / "set",))
        waited.start()
        waited.join(0.2)
        assert waited.is_alive()
        child.kill()
        waited.join(10)
    assert not waited.is_alive()


def _take(target: Path) -> None:
    with locked(target):
        pass
