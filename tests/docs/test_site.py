"""The site is built without a warning, holds together, and asks nothing of any other host."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from .pages import ROOT

config = pytest.importorskip("mkdocs.config", reason="needs the extra docs")

ATTRIBUTES = {"href", "src", "srcset", "action", "poster"}
FETCHED = {"img", "script", "source", "iframe", "video", "form", "object"}
WIDTHS = (1280, 390)


class Found(HTMLParser):
    """What a page names: the ids that it has, the links that are followed, the files that it fetches."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value for name, value in attrs if value}
        self.ids |= {told[name] for name in ("id", "name") if name in told}
        named = [told[name] for name in ATTRIBUTES if name in told]
        fetches = tag in FETCHED or (tag == "link" and told.get("rel") not in ("canonical", "next", "prev"))
        (self.fetched if fetches else self.links).extend(named)


def build(out: Path, **changes: Any) -> Path:
    """The site as `mkdocs build` makes it, in a folder; `strict` makes each warning an error."""
    from mkdocs.commands.build import build

    loaded = config.load_config(str(ROOT / "mkdocs.yml"), site_dir=str(out), **changes)
    assert loaded.strict
    loaded.plugins.on_startup(command="build", dirty=False)
    build(loaded)
    return out


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages that are written by hand, without those of docstrings, which take as long again."""
    return build(tmp_path_factory.mktemp("site"), plugins=[])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("site"))


def pages_of(site: Path) -> dict[Path, Found]:
    return {page: Found(page) for page in sorted(site.rglob("*.html")) if page.name != "404.html"}


def broken(pages: dict[Path, Found]) -> list[str]:
    """The links and files that pages name and that are not there."""
    return [
        f"{page.name}: {link}"
        for page, found in pages.items()
        for link in found.links + found.fetched
        if not re.match(r"[a-z]+:", link) and not _leads_somewhere(page, link, pages)
    ]


def _leads_somewhere(page: Path, link: str, pages: dict[Path, Found]) -> bool:
    file, _, anchor = unquote(link).partition("#")
    target = (page.parent / file).resolve() if file else page
    return target.exists() and (not anchor or target not in pages or anchor in pages[target].ids)


def glued(site: Path) -> list[str]:
    """Items of lists that stand in a paragraph, since no empty line is before them."""
    return [
        f"{page.name}: {item}"
        for page in sorted(site.rglob("*.html"))
        for paragraph in re.findall(r"<p>(.*?)</p>", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for item in re.findall(r"^ *(?:[-*]|\d+\.) .*$", paragraph, flags=re.MULTILINE)
    ]


def from_elsewhere(pages: dict[Path, Found], site: Path) -> list[str]:
    """What a browser would fetch from other hosts to show the pages."""
    fetched = [
        f"{page.name}: {link}"
        for page, found in pages.items()
        for link in found.fetched
        if re.match(r"([a-z]+:)?//", link)
    ]
    styles = [
        f"{style.name}: {link}"
        for style in site.rglob("*.css")
        for link in re.findall(r"""(?:url\(|@import )["']?((?:https?:)?//[^"')]+)""", style.read_text())
    ]
    return fetched + styles


def test_the_pages_are_built_without_a_warning_and_no_link_is_broken(written: Path) -> None:
    pages = pages_of(written)
    assert broken(pages) == []
    assert from_elsewhere(pages, written) == []
    assert (written / "CHANGELOG.html").is_file()
    assert "identity_errors" in (written / "schemas/findings-1.html").read_text(encoding="utf-8")
    assert glued(written) == []


def test_a_broken_link_and_a_foreign_script_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="b.html#x"></a><a href="gone.html"></a>'
        '<img src="d.png"><script src="https://elsewhere.org/x.js"></script><a href="https://elsewhere.org"></a>'
    )
    (tmp_path / "b.html").write_text('<link rel="stylesheet" href="//elsewhere.org/x.css"><h1 id="y"></h1>')
    (tmp_path / "s.css").write_text("@import 'https://elsewhere.org/f.css'; a { background: url(data:,) }")
    pages = pages_of(tmp_path)
    (tmp_path / "c.html").write_text("<p>text\n- item</p><p>a - b</p>")
    assert glued(tmp_path) == ["c.html: - item"]
    assert broken(pages) == [f"a.html: {link}" for link in ("#gone", "b.html#x", "gone.html", "d.png")] + [
        "b.html: //elsewhere.org/x.css"
    ]
    assert [line.partition("://")[0] for line in from_elsewhere(pages, tmp_path)] == [
        "a.html: https",
        "b.html: //elsewhere.org/x.css",
        "s.css: https",
    ]


@pytest.mark.slow
def test_the_whole_site_is_built_without_a_warning_and_no_link_is_broken(site: Path) -> None:
    pages = pages_of(site)
    assert broken(pages) == []
    assert from_elsewhere(pages, site) == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window_or_asks_for_anything(site: Path, chromium: Any, width: int) -> None:
    asked: list[str] = []
    tab = chromium.new_page(viewport={"width": width, "height": 900})
    tab.on("request", lambda request: asked.append(request.url))
    wide = []
    for page in sorted(site.rglob("*.html")):
        tab.goto(page.as_uri())
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(page.relative_to(site).as_posix())
    tab.close()
    assert wide == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob"}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["disk", "server"])
def test_words_are_found_and_lead_to_their_page(site: Path, chromium: Any, place: str) -> None:
    with served(site) as address:
        tab = chromium.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto((site.as_uri() if place == "disk" else address) + "/howto/quality.html")
        tab.locator("input.md-search__input").click()
        tab.keyboard.type("exchangeability")
        found = tab.locator(".md-search-result__item a")
        found.first.wait_for(timeout=60_000)
        assert any("limits.html" in str(link.get_attribute("href")) for link in found.all())
        with tab.expect_navigation(timeout=60_000):
            found.first.click()
        assert "quality.html" not in tab.url
        assert "exchangeability" in tab.content()
        tab.close()
    assert said == []


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a server of these files, on loopback."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
