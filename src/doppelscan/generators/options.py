"""How do settings travel? As plain values in JSON, and as `key=value` from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from doppelscan.errors import InputError, Problem
from doppelscan.meant import one_of
from doppelscan.store import parse_json

__all__ = ["changed", "settings_of"]

S = TypeVar("S")

_ONE_BY_ONE = frozenset({"blocks", "depth", "steps", "sampler_steps"})
_MOST = 100_000  # of what is made or done one by one: a stranger's model could name a number that never ends


def settings_of(kind: type[S], values: object) -> S:
    """The settings of this kind that `dataclasses.asdict` took apart, or JSON gave back.

    Raises
    ------
    InputError
        If some are of a wrong type or out of range, all of them named; or if these are no settings at all.
    """
    if not isinstance(values, Mapping):
        raise InputError(Problem(f"a {type(values).__name__} holds no settings"))
    if endless := [path for path, value in _flat(values) if _is_endless(path, value)]:
        raise InputError([Problem("is too large", where=path, cure=f"at most {_MOST:,}") for path in endless])
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise InputError(_problems(error)) from error


def changed(settings: S, changes: Sequence[str]) -> S:
    """The settings with each `key=value` changed; values are JSON or plain text, lists `1,2,3` or `blit,geometry`.

    A key is the whole path (`training.batch`) or its last part where that is the name of one setting only.

    Raises
    ------
    InputError
        If a change is not of this form, names no setting or several, or has a value that will not do.
    """
    values: dict[str, Any] = asdict(settings)  # type: ignore[call-overload]
    paths, problems = [path for path, _ in _flat(values)], []
    for change in changes:
        key, equals, text = change.partition("=")
        found = [path for path in paths if path == key or path.rpartition(".")[2] == key]
        found = [key] if key in found else found
        if equals and len(found) == 1:
            _put(values, found[0], text)
        else:
            problems.append(_not_one(change, equals, found, paths))
    if problems:
        raise InputError(problems)
    return settings_of(type(settings), values)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The path of every setting and its value, those of settings within settings too."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _is_endless(path: str, value: object) -> bool:
    return path.rpartition(".")[2] in _ONE_BY_ONE and isinstance(value, int) and value > _MOST


def _put(values: dict[str, Any], path: str, text: str) -> None:
    *outer, name = path.split(".")
    for part in outer:
        values = values[part]
    values[name] = _listed(text) if isinstance(values[name], list | tuple) else _parsed(text)


def _listed(text: str) -> Any:
    """A list where a list is wanted: `[1, 2]`, `1,2`, `blit,geometry`, one value, or nothing."""
    whole = _parsed(text)
    if isinstance(whole, list):
        return whole
    return [_parsed(part.strip()) for part in text.split(",") if part.strip()]


def _parsed(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return {"none": None, "None": None, "True": True, "False": False}.get(text, text)


def _not_one(change: str, equals: str, found: Sequence[str], paths: Sequence[str]) -> Problem:
    if not equals:
        return Problem(f"{change!r} is not of the form key=value", where="--set")
    if found:
        return Problem(f"{change!r} may mean several", where="--set", cure=f"one of {', '.join(found)}")
    name = change.partition("=")[0]
    return Problem(f"{name!r} is no setting", where="--set", cure=one_of(name, paths))


def _problems(error: ValidationError) -> list[Problem]:
    cause = error.errors()
    return [Problem(one["msg"], where=".".join(map(str, one["loc"]))) for one in cause]
