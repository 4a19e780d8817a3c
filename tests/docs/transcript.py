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

from .pages import ROOT, Block, blocks, commands
from .smaller import smaller, stand_in

ELSEWHERE = (
    "git clone ",
    "cd ",
    "make ",
    "pip install ",
)  # held against Makefile and pyproject.toml by tests of their own
LAUNCHERS = ("accelerate launch ", "torchrun ", "python -m torch.distributed.run ")


@dataclass
class Session:
    """What a reader has who follows a page from its beginning; `printed` is what the last Python block printed."""

    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""
    exit_code: int = 0
    slow: bool = False

    def run(self, block: Block, page: Path) -> Iterator[str]:
        """What went wrong in one block, if anything did; a `text` block below Python is what that prints."""
        where = f"{page.name}:{block.line}"
        if block.title:
            Path(block.title).write_text(smaller(block.text) if self.slow else block.text)
        if block.language == "text" and self.printed:
            yield from _disagreement(where, self.printed, block.text)
        self.printed = self._executed(block, where) if block.language == "python" else ""
        for command in commands(block):
            printed = self._typed(smaller(command.line) if self.slow and block.slow else command.line)
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
        if line.startswith(ELSEWHERE) or (self.slow and stand_in(line)):
            return ""
        program, *arguments = shlex.split(line)
        if line.startswith(LAUNCHERS):
            self.exit_code, printed = launched(program, arguments)
        elif program == "python":
            self.exit_code, printed = 0, parsed(*arguments)
        else:
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


def launched(program: str, arguments: list[str]) -> tuple[int, str]:
    """What a program beside this Python prints, and its exit code."""
    beside = Path(sys.executable).with_name(program)
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
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
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in shown.split("..."))
    pattern = pattern.replace(".*", r"\s*.*\s*")
    return re.fullmatch(rf"\s*{pattern}\s*", " ".join(printed.split())) is not None


def follow(page: Path, *, slow: bool = False) -> list[str]:
    """Everything on a page that does not happen as the page shows it; its slow blocks too, if that is said."""
    session = Session(slow=slow)
    followed = (block for block in blocks(page) if slow or not block.slow)
    return [wrong for block in followed for wrong in session.run(block, page)]
