"""One process writes, the others wait and say for whom, and a lock ends with its holder."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from doppelscan.errors import InputError
from doppelscan.store import locked
from doppelscan.store.hidden import beside, contents

HOLD = """
import sys, time
from pathlib import Path
from doppelscan.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holding(target: Path) -> subprocess.Popen[str]:
    """A process that holds the lock from now on."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(target)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def take(target: Path) -> None:
    with locked(target):
        pass


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
    with holding(tmp_path / "set") as child:
        waited = threading.Thread(target=take, args=(tmp_path / "set",))
        waited.start()
        waited.join(0.2)
        assert waited.is_alive()
        child.kill()
        waited.join(10)
    assert not waited.is_alive()


def test_who_waits_says_for_whom_and_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.store.locks._PATIENCE", 0.05)
    with holding(tmp_path / "set") as child:
        end = threading.Timer(0.5, child.kill)
        end.start()
        take(tmp_path / "set")
        end.join()
    (said,) = caplog.messages
    assert said.startswith(f"{tmp_path / 'set'}: waiting for process {child.pid} on {socket.gethostname()}, ")
    assert said.endswith(f"(-c {tmp_path / 'set'})")


def test_a_lock_that_says_nothing_sensible_is_still_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.store.locks._PATIENCE", 0.05)
    with (tmp_path / ".set.lock").open("w") as stranger:
        stranger.write('{"pid": [')
        stranger.flush()
        fcntl.flock(stranger, fcntl.LOCK_EX)
        waited = threading.Thread(target=take, args=(tmp_path / "set",))
        waited.start()
        waited.join(0.3)
        assert waited.is_alive()
    waited.join(10)
    assert caplog.messages == [f"{tmp_path / 'set'}: waiting for another process"]


def test_the_same_thread_may_ask_again_and_a_link_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "set")
    with locked(tmp_path / "set"):
        with locked(tmp_path / "folder" / ".." / "set"), locked(tmp_path / "link"):
            pass
        assert (tmp_path / ".set.lock").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"link", "set"}


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "胸部X線 🫁", "a\nb", "\udcff", "n" * 120])
def test_every_name_that_a_file_system_takes_can_be_locked(tmp_path: Path, name: str) -> None:
    with locked(tmp_path / name):
        (held,) = tmp_path.iterdir()
        assert len(os.fsencode(held.name)) <= 143
        assert contents(tmp_path) == set()
    assert beside(tmp_path / name, "lock") != beside(tmp_path / (name[:-1] + "m"), "lock")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("doppelscan.store.locks.fcntl.flock", refuse)
    with pytest.raises(InputError, match=r"this file system has no locks: .*DOPPELSCAN_UNLOCKED=1"):
        take(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("DOPPELSCAN_UNLOCKED", "1")
    take(tmp_path / "set")


def test_the_lock_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".set.lock").touch()

    def refuse(path: object, *_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("doppelscan.store.locks.os.open", refuse)
    with pytest.raises(InputError, match=r"\.set\.lock: is the lock of another user .*delete this file"):
        take(tmp_path / "set")


def test_a_folder_whose_own_place_is_closed_is_locked_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mounted" / "out"
    out.mkdir(parents=True)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, how: Path(path) != out.parent and allowed(path, how))
    with locked(out):
        assert [path.name for path in out.iterdir()] == [".doppelscan.lock"]
        assert contents(out) == set()
    assert list(out.iterdir()) == []


def test_a_full_disk_holds_no_lock_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds a lock need not be written down; one that was never let go of would be waited for without end."""

    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for _ in range(2):
        with locked(tmp_path / "set"):
            assert beside(tmp_path / "set", "lock").exists()
    assert not beside(tmp_path / "set", "lock").exists()
