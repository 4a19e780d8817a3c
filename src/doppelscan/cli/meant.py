"""What did the user mean? An unknown option or choice is answered with the nearest, or with whose it is."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

from doppelscan.meant import near

__all__ = ["Answering"]

_CHOICE = re.compile(r"(?:Value error, )?('(.*)' is not one of (.*)\.)", re.DOTALL)


class Answering(TyperCommand):
    """A command whose usage errors name what was probably meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What the arguments come to, as every command of typer has it."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # the class is click's own or typer's copy of it, by the version of typer
            _answer(error, ctx)
            raise


def _answer(error: Any, ctx: Any) -> None:
    """Say in the error what was probably meant."""
    if hasattr(error, "possibilities"):
        _about_option(error, ctx)
    elif found := _CHOICE.fullmatch(getattr(error, "message", None) or ""):
        said, given, known = found.groups()
        likely = near(given, re.findall(r"'([^']*)'", known))
        error.message = said + (f" Did you mean {likely[0]!r}?" if likely else "")


def _about_option(error: Any, ctx: Any) -> None:
    name, own = error.option_name, _options(ctx.command)
    begun = [option for option in own if option.startswith(name)]
    error.possibilities = begun or near(name, own)
    owners = [] if ctx.parent is None else _owners(name, ctx.parent.command.commands)
    if owners and not error.possibilities:
        error.message = f"{name} belongs to {' and '.join(owners)}, not to {ctx.command.name}."


def _owners(option: str, commands: dict[str, Any]) -> list[str]:
    return [f"doppelscan {name}" for name, command in commands.items() if option in _options(command)]


def _options(command: Any) -> list[str]:
    return [option for one in command.params for option in one.opts if option.startswith("--")]
