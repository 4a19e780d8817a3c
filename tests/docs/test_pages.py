"""Every example of the documentation happens as it is shown."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .pages import PAGES, ROOT, blocks, commands, name_of
from .transcript import agrees, follow, typed

FOLDERS = ROOT / "docs/howto/example-folders.md"
FOLLOWED = [page for page in PAGES if page != FOLDERS and any(b.language for b in blocks(page))]


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
        elif made.name != "films":
            shutil.rmtree(made)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path) -> None:
    assert "\n\n".join(follow(page)) == ""


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


@pytest.mark.slow
@pytest.mark.parametrize("line", ["doppelscan demo", "doppelscan demo --planted --out planted"])
def test_the_demo_says_what_the_first_result_shows(line: str, reader: Path) -> None:
    (shown,) = [b.text for b in blocks(ROOT / "docs/first-result.md") if f"$ {line}\n" in b.text]
    code, printed = typed(line.split()[1:])
    assert code == 0
    assert agrees(printed, shown.removeprefix(f"$ {line}\n"))
    assert (reader / line.rpartition(" ")[2] / "run/report.html").is_file()


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
