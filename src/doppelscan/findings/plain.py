"""How is a conclusion written as JSON, and read again? By the types of its fields."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from doppelscan.errors import FormatError, Problem
from doppelscan.estimates import Estimate

__all__ = ["from_plain", "to_plain"]

T = TypeVar("T")


def to_plain(value: Any) -> dict[str, Any]:
    """A dataclass of numbers, text and estimates, and of more of them, as JSON holds it; what is unknown is None."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def from_plain(kind: type[T], data: object, *, where: str) -> T:
    """The dataclass that `to_plain` wrote; what it has no field for is passed over, so that files may grow.

    Its fields are numbers, text, booleans, estimates, such dataclasses, tuples and mappings of them, and None.

    Raises
    ------
    FormatError
        If a field without a default is absent, or one is not of its type. `where` is the file that is read.
    """
    try:
        return _read(kind, data)  # type: ignore[no-any-return]
    except _Misfit as misfit:
        what = f"is damaged: {misfit.args[0]}"
        raise FormatError(
            Problem(what, where=where, cure="write it anew by the command that made it")
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value.to_json()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return to_plain(value) if is_dataclass(value) else value


class _Misfit(Exception):
    """What is wrong, and in which field."""

    def within(self, name: str) -> _Misfit:
        """The same, told from further out."""
        return _Misfit(f"{name}: {self.args[0]}")


def _read(kind: Any, data: Any) -> Any:
    if kind is Estimate:
        return _estimate(data)
    if is_dataclass(kind):
        return _dataclass(kind, data)
    whole, inside = get_origin(kind), get_args(kind)
    if whole in (Union, types.UnionType):
        (some,) = (one for one in inside if one is not types.NoneType)
        return None if data is None else _read(some, data)
    if whole is tuple:
        return tuple(_read(inside[0], one) for one in _of(list, data))
    if isinstance(whole, type) and issubclass(whole, Mapping):
        return {name: _read(inside[1], one) for name, one in _of(dict, data).items()}
    return data if kind is Any else _number_or_text(kind, data)


def _dataclass(kind: Any, data: Any) -> Any:
    types_of, found = _hints(kind), _of(dict, data)
    values = {}
    for field in fields(kind):
        if field.name not in found and _required(field):
            raise _Misfit(f"{field.name} is absent")
        if field.name in found:
            try:
                values[field.name] = _read(types_of[field.name], found[field.name])
            except _Misfit as misfit:
                raise misfit.within(field.name) from None
    return kind(**values)


def _estimate(data: Any) -> Estimate:
    try:
        return Estimate.from_json(_of(dict, data))
    except (KeyError, TypeError, ValueError, OverflowError, AssertionError) as error:
        raise _Misfit(f"{data} is no value with its interval") from error


def _number_or_text(kind: Any, data: Any) -> Any:
    if kind is float and type(data) is int:
        return data
    return _of(kind, data)


def _of(kind: type, data: Any) -> Any:
    """`data`, if that is its very type: True is no number."""
    if type(data) is not kind:
        raise _Misfit(f"{data!r:.60} is no {kind.__name__}")
    return data


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
