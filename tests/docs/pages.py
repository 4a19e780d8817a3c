"""The documentation as it is written: pages, their fenced blocks, links and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is that of its first line of text."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command as a page shows it, and the output below it; None where none is shown."""

    line: str
    output: str | None


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCED.finditer(text):
        yield Block(found[1], found[2], text.count("\n", 0, found.start(2)) + 1)


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def commands(block: Block) -> Iterator[Command]:
    """Of `sh` every line; of `console` the lines behind `$`, each with the output below it."""
    text = re.sub(r"\\\n\s*", "", block.text)
    if block.language == "sh":
        yield from (Command(line, None) for line in text.splitlines() if line.strip())
    elif block.language == "console":
        for shown in text.split("$ ")[1:] if text.startswith("$ ") else []:
            line, _, output = shown.partition("\n")
            yield Command(line, output)


def first_column(page: Path, heading: str) -> list[str]:
    """The names in backticks in the first column of the table below a heading; a cell may hold several."""
    section = re.split(rf"^#+ {re.escape(heading)}$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
    cells = re.findall(r"^\|(.*?)\|", section, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
