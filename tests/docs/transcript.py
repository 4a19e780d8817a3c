"""Runs what a page shows: its Python blocks in one namespace, its commands as if typed, in the order of the page."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from doppelscan.cli import main

from .pages import ROOT, Block, Command, blocks, commands
from .smaller import says_other_numbers, shrunk, smaller, stand_in

ELSEWHERE = (
    "git clone ",
    "cd ",
    "make ",
    "pip install ",
)  # held against Makefile and pyproject.toml by tests of their own
NUMBER = re.compile(r"\d[\d.,]*%?")
LAUNCHERS = ("accelerate launch ", "torchrun ", "python -m ")


@dataclass
class Session:
    """What a reader has who follows a page from its beginning; `printed` is what the last Python block printed."""

    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""
    exit_code: int = 0

    def run(self, block: Block, page: Path) -> Iterator[str]:
        """What went wrong in one block, if anything did; a `text` block below Python is what that prints."""
        where = f"{page.name}:{block.line}"
        if block.title:
            Path(block.title).write_text(smaller(block.text) if block.fewer else block.text)
        if block.language == "text" and self.printed:
            yield from _disagreement(where, self.printed, block.text)
        self.printed = self._executed(block, where) if block.language == "python" else ""
        for command in commands(block):
            printed = self._typed(command.line, fewer=block.fewer)
            if command.output is not None:
                other = block.fewer and says_other_numbers(command.line)
                shown = _of_other_numbers(command.output) if other else command.output
                yield from _disagreement(f"{where}: {command.line}", printed, shown)
            if self._failed(command, printed):
                yield f"{where}: {command.line}: exit code {self.exit_code}\n{printed}"

    def _failed(self, command: Command, printed: str) -> bool:
        """Whether it ended badly without the page saying so; where there is a report, the code is its verdict."""
        silent = (command.output or "...").strip() == "..."
        return self.exit_code != 0 and silent and "\nReport: " not in printed

    def _executed(self, block: Block, where: str) -> str:
        """What a Python block prints."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block.text, where, "exec"), self.names)  # noqa: S102 - the documentation is ours
        return said.getvalue()

    def _typed(self, line: str, *, fewer: bool) -> str:
        """What a command prints, one of fewer of everything if that is said."""
        if line == "echo $?":
            return str(self.exit_code)
        if line.startswith(ELSEWHERE) or (fewer and stand_in(line)):
            return ""
        with shrunk(line) if fewer else contextlib.nullcontext(line) as asked:
            return self._said(asked)

    def _said(self, line: str) -> str:
        program, *arguments = shlex.split(line)
        if line.startswith(LAUNCHERS):
            self.exit_code, printed = launched(program, arguments)
        elif program == "python":
            self.exit_code, printed = 0, parsed(*arguments)
        else:
            assert program == "doppelscan", f"no page may show {line!r}"
            self.exit_code, printed = typed(arguments)
        return printed


def _of_other_numbers(shown: str) -> str:
    """What a command prints that finds other numbers, and so may come to another verdict: its first and last lines."""
    lines = NUMBER.sub("...", shown).splitlines()
    return f"{lines[0]} ... {lines[-1]}"


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
        mock.patch(
            "doppelscan.cli.display.EVERY_S", float("inf")
        ),  # a page shows results, not how slow we are
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return int(code), said.getvalue()


def launched(program: str, arguments: list[str]) -> tuple[int, str]:
    """What a program beside this Python prints, and its exit code."""
    beside = Path(sys.executable).with_name(program)
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests", ROOT)))
    ended = subprocess.run(
        [str(beside), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
    return ended.returncode, ended.stdout + ended.stderr


def parsed(script: str, *arguments: str) -> str:
    """A script that takes hours reads its arguments and ends; what it does is tested small, in `tests/benchmarks`."""
    read = argparse.ArgumentParser.parse_args

    def read_and_end(parser: argparse.ArgumentParser) -> None:
        read(parser)
        raise SystemExit(0)

    path = ROOT / script
    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", read_and_end),
        mock.patch.object(sys, "argv", [script, *arguments]),
        mock.patch.object(sys, "path", [str(path.parent), *sys.path]),
        pytest.raises(SystemExit, match=r"^0$"),
    ):
        runpy.run_path(str(path), run_name="__main__")
    return ""


def agrees(printed: str, shown: str) -> bool:
    """Whether the output is as shown, line breaks aside; `...` stands for anything."""
    rest, (first, *others) = _on_one_line(printed), map(_on_one_line, shown.split("..."))
    if not others or not rest.startswith(first):
        return rest == first
    rest = rest[len(first) :]
    for part in filter(None, others[:-1]):
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return rest.endswith(others[-1])


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def follow(page: Path) -> list[str]:
    """Everything on a page that does not happen as the page shows it."""
    session = Session()
    return [wrong for block in blocks(page) for wrong in session.run(block, page)]
