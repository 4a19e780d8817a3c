"""How many images of which label, made how, of whom? A plan of quotas, read from TOML or a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doppelscan.errors import InputError, Problem
from doppelscan.generators.strategies.strategy import STRATEGIES
from doppelscan.imagesets.tables import read_user_table
from doppelscan.seeds import stream
from doppelscan.store import parse_toml

__all__ = ["Plan", "Quota", "Shard", "parse_shard", "read_plan"]


_DIGITS = 18  # of the largest number of images that is taken for one


@dataclass(frozen=True)
class Quota:
    """So many images of one strategy, label and group (columns and their values); None: whatever comes."""

    n: int
    strategy: str = "text"
    label: str | None = None
    group: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        problems = [] if self.n >= 1 else [Problem(f"is {self.n}", where="n", cure="at least 1")]
        if self.strategy not in STRATEGIES:
            cure = f"one of {', '.join(STRATEGIES)}"
            problems.append(Problem(f"{self.strategy!r} is no strategy", where="strategy", cure=cure))
        if problems:
            raise InputError(problems)

    @property
    def name(self) -> str:
        """What stands before the ids of its images, such as `inpaint/nevus/V`."""
        parts = [self.strategy, self.label, *(value for _, value in self.group)]
        return "/".join(part.replace("/", "-") for part in parts if part)

    def seeds(self, seed: int) -> list[int]:
        """The seed of each of its images: they depend on the plan's and on what the quota is of, not on how many."""
        of = [self.strategy, self.label or "", *(text for pair in self.group for text in pair)]
        return [int(stream(seed, "plan", *of, number).integers(2**62)) for number in range(self.n)]


@dataclass(frozen=True)
class Plan:
    """Quotas, and the seed of all of them: another seed gives other images."""

    quotas: tuple[Quota, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        names = Counter(quota.name for quota in self.quotas)
        problems = [
            Problem(f"has {count} quotas of {name}", where="plan", cure="one quota each")
            for name, count in names.items()
            if count > 1
        ]
        if not self.quotas:
            problems = [Problem("has no quota", where="plan", cure="[[quota]] n = 100")]
        if problems:
            raise InputError(problems)

    @property
    def n_images(self) -> int:
        """Images in all."""
        return sum(quota.n for quota in self.quotas)


@dataclass(frozen=True)
class Shard:
    """One of `of` parts of a plan: every so-many-th image, from the `number`-th (from 1) on."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise InputError(_no_shard(f"{self.number}/{self.of}"))

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"shard-{self.number}-of-{self.of}"

    def positions(self, n: int) -> range:
        """Which of n images are in it."""
        return range(self.number - 1, n, self.of)


def parse_shard(text: str) -> Shard:
    """The shard that `i/n` names.

    Raises
    ------
    InputError
        If it names none.
    """
    number, slash, of = text.partition("/")
    if not (slash and _is_count(number.strip()) and _is_count(of.strip())):
        raise InputError(_no_shard(text))
    return Shard(int(number), int(of))


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file (`seed`, and a `[[quota]]` each) or in a CSV or Parquet table (a row each).

    `n`, `strategy` and `label` are what they say; every other key or column is one of the group.

    Raises
    ------
    InputError
        If the file cannot be read, or a quota will not do: all problems named.
    """
    if path.suffix.lower() != ".toml":
        table = read_user_table(path)
        return Plan(tuple(_quotas(table.to_dict("records"), path)))
    try:
        content = parse_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(Problem(f"is no readable plan: {error}", where=str(path))) from error
    rows, seed = content.pop("quota", []), content.pop("seed", 0)
    if content or not isinstance(rows, list) or not isinstance(seed, int):
        cure = "seed = 0, then [[quota]] with n, strategy, label and columns of the group"
        raise InputError(Problem("is no plan", where=str(path), cure=cure))
    return Plan(tuple(_quotas(rows, path)), seed)


def _quotas(rows: Sequence[Mapping[Any, Any]], path: Path) -> Iterator[Quota]:
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=1):
        try:
            yield _quota(row)
        except InputError as error:
            where = f"{path}, quota {number}"
            problems += [
                Problem(f"{one.where} {one.what}".strip(), where, one.cure) for one in error.problems
            ]
    if problems:
        raise InputError(problems)


def _quota(row: Mapping[Any, Any]) -> Quota:
    told = {str(name): str(value) for name, value in row.items() if value is not None and str(value) != ""}
    n = told.pop("n", "")
    if not _is_count(n):
        raise InputError(Problem(f"is {n!r}", where="n", cure="a whole number of images"))
    strategy, label = told.pop("strategy", "text"), told.pop("label", None)
    return Quota(int(n), strategy, label, tuple(told.items()))


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


def _no_shard(text: str) -> Problem:
    return Problem(f"{text!r} is no shard", where="--shard", cure="such as 2/8, the second of eight")
