"""Runs what a page shows: its Python blocks in one namespace, its commands as if typed, in the order of the page."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from doppelscan.cli import main

from .pages import Block, blocks, commands

ELSEWHERE = (
    "git ",
    "cd ",
    "make ",
    "pip ",
)  # commands that are not doppelscan's; some are checked on their own


@dataclass
class Session:
    """What a reader has who follows a page from its beginning; `printed` is what the last Python block printed."""

    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""
    exit_code: int = 0

    def run(self, block: Block, page: Path) -> Iterator[str]:
        """What went wrong in one block, if anything did; a `text` block below Python is what that prints."""
        where = f"{page.name}:{block.line}"
        if block.language == "text" and self.printed:
            yield from _disagreement(where, self.printed, block.text)
        self.printed = self._executed(block, where) if block.language == "python" else ""
        for command in commands(block):
            printed = self._typed(command.line)
            if command.output is not None:
                yield from _disagreement(f"{where}: {command.line}", printed, command.output)
            elif self.exit_code:
                yield f"{where}: {command.line}: exit code {self.exit_code}\n{printed}"

    def _executed(self, block: Block, where: str) -> str:
        """What a Python block prints."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block.text, where, "exec"), self.names)  # noqa: S102 - the documentation is ours
        return said.getvalue()

    def _typed(self, line: str) -> str:
        """What a command prints."""
        if line == "echo $?":
            return str(self.exit_code)
        if line.startswith(ELSEWHERE):
            return ""
        program, *arguments = shlex.split(line)
        assert program == "doppelscan", f"no page may show {line!r}"
        self.exit_code, printed = typed(arguments)
        return printed


def _disagreement(where: str, printed: str, shown: str) -> Iterator[str]:
    if not agrees(printed, shown):
        yield f"{where}\nshows\n{shown}\nbut gave\n{printed}"


def typed(arguments: list[str]) -> tuple[int, str]:
    """The exit code of the command line with these arguments, and all that it prints."""
    said = io.StringIO()
    code: Any = 0
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        mock.patch.object(sys, "argv", ["doppelscan", *arguments]),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return int(code), said.getvalue()


def agrees(printed: str, shown: str) -> bool:
    """Whether the output is as shown, line breaks aside; `...` stands for anything."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in shown.split("..."))
    pattern = pattern.replace(".*", r"\s*.*\s*")
    return re.fullmatch(rf"\s*{pattern}\s*", " ".join(printed.split())) is not None


def follow(page: Path) -> list[str]:
    """Everything on a page that does not happen as the page shows it."""
    session = Session()
    return [wrong for block in blocks(page) for wrong in session.run(block, page)]
