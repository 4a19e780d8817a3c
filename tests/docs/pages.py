"""The documentation as it is written: pages, their fenced blocks, links and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^( *)```(\w*)([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
EXECUTED = {"python", "sh", "console"}
SHOWN = {
    "text",
    "usage",
    "toml",
}  # what a Python block prints, formulas, trees of files; options; a file's content


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is that of its first line of text.

    The commands of one that says `fewer` are typed with fewer of everything; `title` is the file that it shows.
    """

    language: str
    text: str
    line: int
    fewer: bool = False
    title: str = ""


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
        told, title = found[3].split(), re.search(r'title="(.*)"', found[3])
        line = text.count("\n", 0, found.start(4)) + 1
        yield Block(found[2], dedent(found[4]), line, "fewer" in told, title[1] if title else "")


def indented(page: Path) -> list[str]:
    """The lines that are set off as code by spaces alone, and so have no language; in a list that takes eight."""
    found, in_list, before = [], False, ""
    for line in prose(page).splitlines():
        if re.match(r"([-*+]|\d+\.) ", line):
            in_list = True
        elif line[:1].strip():
            in_list = False
        if not before.strip() and line.startswith(" " * (8 if in_list else 4)):
            found.append(line.strip())
        before = line
    return found


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
