"""What does JSON or TOML of a stranger say? Plain values, or one error: nothing in it is ambiguous."""

from __future__ import annotations

import json
import tomllib
from typing import Any, NoReturn

__all__ = ["parse_json", "parse_toml"]


def parse_json(content: bytes | str) -> Any:
    """The value of a JSON text.

    Raises
    ------
    ValueError
        If it is none, nested too deeply, or holds what has no meaning of its own: a key twice, NaN, half a character,
        a number of thousands of digits.
    """
    try:
        value = json.loads(content, object_pairs_hook=_once_each, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    if ("\\u" if isinstance(content, str) else b"\\u") in content:  # type: ignore[operator]
        _refuse_half_characters(value)
    return value


def parse_toml(content: bytes) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises
    ------
    ValueError
        If it is none, or nested too deeply.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"says {twice!r} twice")
    return found


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"{said} is no number of JSON")


def _refuse_half_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character") from error
