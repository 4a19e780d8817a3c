"""The options of each command as the reference writes them, told from the commands themselves."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from doppelscan.cli.app import app

HEAD = "| option | value | default | what |\n|---|---|---|---|\n"
KINDS = {str: "text", Path: "path", int: "whole number", float: "number", bool: "flag"}


def command_names() -> list[str]:
    return list(_commands())


def option_table(name: str) -> str:
    """The Markdown table of one command's options."""
    command = _commands()[name]
    hints = get_type_hints(command.callback)
    return HEAD + "".join(
        _row(option, hints[option.name]) for option in command.params if option.name in hints
    )


def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def _row(option: Any, kind: Any) -> str:
    name = option.opts[0] if option.opts[0].startswith("-") else option.metavar or option.name.upper()
    return f"| `{name}` | {_value(kind)} | {_default(option)} | {option.help} |\n"


def _value(kind: Any) -> str:
    kind = next(one for one in _alternatives(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is list:
        return "text"
    if get_origin(kind) is tuple:
        return "two numbers"
    return KINDS[kind]


def _alternatives(kind: Any) -> Iterator[Any]:
    yield from get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _default(option: Any) -> str:
    if option.required:
        return "required"
    return "" if option.default is None or option.default is False else f"`{option.default}`"
