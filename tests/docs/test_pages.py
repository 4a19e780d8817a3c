"""Every example of the documentation happens as it is shown."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from .pages import EXECUTED, PAGES, ROOT, SHOWN, blocks, commands, indented, name_of
from .smaller import props
from .transcript import agrees, follow, typed

FOLDERS = ROOT / "docs/howto/example-folders.md"
LONG = {
    "docs/first-result.md",
    *(
        f"docs/howto/{name}.md"
        for name in (
            *("audit-your-folder", "choose-a-method", "cluster", "copy-less", "membership", "power"),
            *("release", "review", "run-a-study", "text-to-image", "train-and-sample", "utility"),
        )
    ),
    *(f"docs/studies/{name}.md" for name in ("akbar", "dar", "sagers")),
}
"""Pages that take fifteen seconds and more even with fewer of everything: `make test-docs` follows them."""
FOLLOWED = [
    pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if name_of(page) in LONG else [])
    for page in PAGES
    if page != FOLDERS and [*blocks(page)]
]


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `films`, made as its own page says."""
    folder = tmp_path_factory.mktemp("films")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert follow(FOLDERS) == []
    return folder


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docs-cache")


@pytest.fixture
def reader(films: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that holds `films`, to follow a page in; what the page makes is removed after it."""
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(shared_cache))
    monkeypatch.chdir(films)
    yield films
    for made in films.iterdir():
        if made.is_file():
            made.unlink()
        elif made.name not in ("films", "skin"):
            shutil.rmtree(made)


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path, reader: Path) -> None:
    props(reader, page.read_text())
    with mock.patch("doppelscan.review.serving.Service.run", side_effect=KeyboardInterrupt):
        assert "\n\n".join(follow(page)) == ""


@pytest.mark.slow
@pytest.mark.usefixtures("reader")
def test_the_truth_of_planted_copies_is_as_shown() -> None:
    (shown,) = (
        command
        for block in blocks(ROOT / "docs/first-result.md")
        for command in commands(block)
        if command.line.startswith("doppelscan demo --planted") and command.output is not None
    )
    assert shown.output is not None
    assert agrees(typed(shown.line.split()[1:])[1], shown.output)


def test_the_blocks_that_nobody_runs_are_counted_and_there_are_none() -> None:
    assert [f"{name_of(page)}: {line}" for page in PAGES for line in indented(page)] == []
    assert [
        f"{name_of(page)}:{block.line} {block.language}"
        for page in PAGES
        for block in blocks(page)
        if block.language not in EXECUTED | SHOWN
    ] == []


def test_what_is_shown_as_text_is_no_command() -> None:
    typed_in = re.compile(r"^(\$ |doppelscan |python |pip |make |accelerate |torchrun )", re.MULTILINE)
    shown = [(name_of(page), block) for page in PAGES for block in blocks(page) if block.language in SHOWN]
    assert [
        f"{name}:{block.line}"
        for name, block in shown
        if block.language != "usage" and typed_in.search(block.text)
    ] == []
    assert {name for name, block in shown if block.language == "usage"} == {
        "docs/howto/install.md",
        "docs/reference/commands.md",
    }


def test_a_block_set_off_by_spaces_is_seen_and_a_list_is_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- a\n\n    of the list\n\n        in it\n\ntext\n\n    alone\n    more\n")
    assert indented(page) == ["in it", "alone"]


def test_every_extra_that_a_page_installs_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"doppelscan\[([\w,]+)\]", "".join(page.read_text() for page in PAGES))
    assert {extra for names in named for extra in names.split(",")} <= set(extras)


def test_the_example_folders_are_listed_as_they_are(films: Path) -> None:
    for name in ["train/images.csv", "train/NORMAL/chest-0000-f1.png", "train/PNEUMONIA/chest-0001-f1.png"]:
        assert (films / "films" / name).is_file()
        assert f"films/{name}" in FOLDERS.read_text()
    assert len(list((films / "films/synthetic").iterdir())) == 100


def test_make_has_every_target_that_a_page_names() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    named = {target for page in PAGES for target in re.findall(r"make ([\w-]+)`", page.read_text())}
    typed_in = {
        command.line.split()[1]
        for page in PAGES
        for block in blocks(page)
        for command in commands(block)
        if command.line.startswith("make ")
    }
    assert {"demo", "test"} <= named | typed_in <= set(targets)


@pytest.mark.parametrize(
    ("printed", "shown", "agreed"),
    [
        ("a b\nc", "a\nb c", True),
        ("a b c", "a ... c", True),
        ("a c", "a ... c", True),
        ("12 images", "... images", True),
        ("a b c d", "... b ... d", True),
        ("a b c", "a ... b ... b c", False),
        ("a b c", "... c ... b ...", False),
        ("a b c", "b ...", False),
        ("a b", "a", False),
        ("6.1%", "6.0%", False),
        ("a.b", "a+b", False),
    ],
)
def test_output_agrees_but_for_line_breaks_and_dots(printed: str, shown: str, agreed: bool) -> None:
    assert agrees(printed, shown) is agreed
