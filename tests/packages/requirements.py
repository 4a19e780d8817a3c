"""Which packages doppelscan and its extras bring: what pip would install, told from what is installed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
CUDA = ("nvidia-", "cuda-", "triton")  # what PyTorch's build for GPUs brings, where that is the build
FOR_DEVELOPERS = {"dev", "slow", "supply", "bench", "docs"}
FOR_USERS = sorted(EXTRAS.keys() - FOR_DEVELOPERS)


def pinned() -> dict[str, str]:
    """The version of each package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def asked(*extras: str) -> list[str]:
    """The lines of pyproject.toml that stand for doppelscan with these extras."""
    return PROJECT["project"]["dependencies"] + [line for extra in extras for line in EXTRAS[extra]]


def brought(lines: Iterable[str]) -> set[str]:
    """The packages that these requirements name, and those that they need in turn.

    What an absent package would need is not known, and left out.
    """
    found: dict[str, set[str]] = {}
    waiting = [Requirement(line) for line in lines]
    while waiting:
        one = waiting.pop()
        seen = found.get(name := canonicalize_name(one.name))
        new = {"", *one.extras} - (seen or set())
        found[name] = new | (seen or set())
        waiting += [need for extra in new for need in _needs(one.name, extra)]
    return found.keys() - {"doppelscan"}


def installed(name: str) -> str | None:
    """The version without the mark of a local build, such as PyTorch's +cpu; None where it is absent."""
    try:
        return Version(version(name)).public
    except PackageNotFoundError:
        return None


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    """What a package says that it needs for an extra, or, for none, always."""
    if name == "doppelscan":
        yield from map(Requirement, asked(extra) if extra else asked())
        return
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return
    for need in map(Requirement, lines):
        of_cuda = need.name.startswith(CUDA)
        if not of_cuda and (need.marker is None or need.marker.evaluate({"extra": extra})):
            yield need
