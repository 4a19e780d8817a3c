"""Cores and memory are those that the control groups leave, of either version, however deep this process is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doppelscan import settings
from doppelscan.control_groups import cores_left, memory_left

V1 = (
    "30 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "31 30 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:32 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
V2 = "31 23 0:28 {top} /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n"
GROUP2, GROUP1 = "0::{path}\n", "5:cpu,cpuacct:{path}\n4:memory:{path}\n0::/\n"


def machine(root: Path, mounts: str, group: str, files: dict[str, str]) -> Path:
    """A root with these mounts, this process in this group, and these files."""
    said = {"proc/self/mountinfo": mounts, "proc/self/cgroup": group, **files}
    for name, content in said.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content + "\n")
    return root


def test_the_second_version_is_read_where_this_process_is_and_above(tmp_path: Path) -> None:
    inner = "sys/fs/cgroup/a.slice/b"
    files = {
        f"{inner}/cpu.max": "max 100000",
        "sys/fs/cgroup/a.slice/cpu.max": "250000 100000",
        f"{inner}/memory.max": str(2**33),
        f"{inner}/memory.current": str(2**32),
        f"{inner}/memory.stat": f"anon 17\ninactive_file {2**30}\nactive_file 5",
        "sys/fs/cgroup/a.slice/memory.max": "max",
        "sys/fs/cgroup/a.slice/memory.current": "9",
    }
    root = machine(tmp_path, V2.format(top="/"), GROUP2.format(path="/a.slice/b"), files)
    assert cores_left(root) == 3
    assert memory_left(root) == 2**33 - 2**32 + 2**30


def test_the_first_version_is_read_where_this_process_is_and_above(tmp_path: Path) -> None:
    cpu, memory = "sys/fs/cgroup/cpu,cpuacct/job", "sys/fs/cgroup/memory/job"
    files = {
        f"{cpu}/cpu.cfs_quota_us": "-1",
        f"{cpu}/cpu.cfs_period_us": "100000",
        f"{cpu}/step/cpu.cfs_quota_us": "50000",
        f"{cpu}/step/cpu.cfs_period_us": "100000",
        f"{memory}/memory.limit_in_bytes": str(2**31),
        f"{memory}/memory.usage_in_bytes": str(2**30),
        f"{memory}/step/memory.limit_in_bytes": str(2**63 - 4096),
        f"{memory}/step/memory.usage_in_bytes": str(2**29),
    }
    root = machine(tmp_path, V1.format(top="/"), GROUP1.format(path="/job/step"), files)
    assert cores_left(root) == 1
    assert memory_left(root) == 2**30


@pytest.mark.parametrize("path", ["/docker/1f", "/", "/elsewhere"])
def test_in_a_container_the_group_is_what_is_mounted(tmp_path: Path, path: str) -> None:
    files = {"sys/fs/cgroup/cpu.max": "400000 100000"}
    root = machine(tmp_path, V2.format(top="/docker/1f"), GROUP2.format(path=path), files)
    assert cores_left(root) == 4


def test_a_group_that_is_nearly_full_still_leaves_something(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/memory.max": "1000000", "sys/fs/cgroup/memory.current": "1100000"}
    assert memory_left(machine(tmp_path, V2.format(top="/"), GROUP2.format(path="/"), files)) == 2**28


@pytest.mark.parametrize("limit", ["max 100000", "", "nonsense", "100000 0"])
def test_without_a_limit_there_is_none(tmp_path: Path, limit: str) -> None:
    root = machine(tmp_path, V2.format(top="/"), GROUP2.format(path="/"), {"sys/fs/cgroup/cpu.max": limit})
    assert cores_left(root) is None
    assert memory_left(root) is None


def test_a_system_without_groups_has_no_limit(tmp_path: Path) -> None:
    assert cores_left(tmp_path) is None
    assert memory_left(tmp_path) is None


def test_this_process_may_use_no_more_than_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "cores_left", lambda: 1)
    monkeypatch.setattr(settings, "memory_left", lambda: 2**28)
    assert settings.cores() == 1
    assert settings.free_memory() == 2**28
    assert settings.Resources().workers == 1


def test_libraries_follow_a_quota_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_cores_to_run_on", lambda: 64)
    for name in settings._THREADS:
        monkeypatch.setenv(name, "")  # so that it is as before when the test ends
        monkeypatch.delenv(name)
    settings.limit_threads()
    assert not {*settings._THREADS} & {*os.environ}
    monkeypatch.setattr(settings, "cores_left", lambda: 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    settings.limit_threads()
    assert [os.environ[name] for name in settings._THREADS] == ["7", "3", "3", "3"]
