"""Every example of the documentation happens as it is shown."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from realdata import real_data

from .pages import EXECUTED, PAGES, ROOT, SHOWN, blocks, commands, indented, name_of
from .smaller import props
from .transcript import agrees, follow

FOLDERS = ROOT / "docs/howto/example-folders.md"
FOLLOWED = [page for page in PAGES if page != FOLDERS and any(not b.slow for b in blocks(page))]
CLUSTER = ROOT / "docs/howto/cluster.md"  # of its slow blocks none is run yet
SLOW = [page for page in PAGES if page != CLUSTER and any(b.slow for b in blocks(page))]


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


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path) -> None:
    assert "\n\n".join(follow(page)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=name_of)
def test_a_page_can_be_followed_through_what_takes_minutes(page: Path, reader: Path) -> None:
    if page.name == "sagers.md":  # the only recipe whose smoke is of real images
        real_data("skin")
    props(reader)
    with mock.patch("doppelscan.review.serving.Service.run", side_effect=KeyboardInterrupt):
        assert "\n\n".join(follow(page, slow=True)) == ""


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
        ("a b", "a", False),
        ("6.1%", "6.0%", False),
        ("a.b", "a+b", False),
    ],
)
def test_output_agrees_but_for_line_breaks_and_dots(printed: str, shown: str, agreed: bool) -> None:
    assert agrees(printed, shown) is agreed
