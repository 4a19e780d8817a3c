"""What do the control groups of Linux leave this process? Cores and memory, of version 1 and 2, nested ones too.

A limit of any group that holds this process' own is a limit of this process.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

__all__ = ["cores_left", "memory_left"]

_LEAST = 2**28  # bytes: a group that is nearly full is asked for little, not for nothing


def cores_left(root: Path = Path("/")) -> int | None:
    """Cores that the groups' quotas of processor time are worth, rounded up; None where there is no quota."""
    quotas = [quota for group in _groups("cpu", root) if (quota := _quota(group)) is not None]
    return max(1, math.ceil(min(quotas))) if quotas else None


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes until the first limit; what is kept of files and can be dropped counts as free. None without a limit."""
    left = [free for group in _groups("memory", root) if (free := _free(group)) is not None]
    return max(_LEAST, min(left)) if left else None


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The folders of the groups that this process is in, its own first, then those that hold it."""
    try:
        own = _own(controller, (root / "proc/self/cgroup").read_text())
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in filter(None, mounts):
        place, _, kind = line.partition(" - ")
        version, _, options = kind.split(" ", 2)
        if version == "cgroup2":
            path = own.get("")
        elif version == "cgroup" and controller in options.split(","):
            path = own.get(controller)
        else:
            continue
        if path is not None:
            top, mount = place.split()[3:5]
            yield from _up(root / mount.lstrip("/"), _below(path, top))


def _own(controller: str, said: str) -> dict[str, str]:
    """The path of this process' group by controller; that of version 2 has no name."""
    parts = [line.split(":", 2) for line in said.splitlines() if line.count(":") > 1]
    return {name: path for _, names, path in parts for name in names.split(",") if name in {"", controller}}


def _below(path: str, top: str) -> str:
    """The path under what is mounted, which may be a group itself: a container sees no more."""
    if top == "/":
        return path
    return path.removeprefix(top) if path.startswith(f"{top}/") else "/"


def _up(mount: Path, path: str) -> Iterator[Path]:
    """The folder of a group, and those of all that hold it."""
    parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
    for n in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:n])


def _quota(group: Path) -> float | None:
    """Cores that a group may use at once, on average."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not period:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _free(group: Path) -> int | None:
    """Bytes that a group may still use."""
    limit, used, idle = (_text(group / name) for name in ("memory.max", "memory.current", "memory.stat"))
    name = "inactive_file"
    if not limit:
        limit, used = _text(group / "memory.limit_in_bytes"), _text(group / "memory.usage_in_bytes")
        name = "total_inactive_file"
    if not (limit.isdigit() and used.isdigit()):
        return None
    dropped = [line.split()[1] for line in idle.splitlines() if line.startswith(f"{name} ")]
    return int(limit) - int(used) + sum(map(int, dropped))


def _text(path: Path) -> str:
    """What a file says; nothing where it is absent."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
