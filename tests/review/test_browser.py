"""The review in a real browser: every key, every view, on films and volumes; another page in it gets nothing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from doppelscan.audit import AuditSettings, audit
from doppelscan.imagesets import ImageSet
from doppelscan.review import QueueSettings, open_desk, served, verdicts_of

from .conftest import Site

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONTRASTS = (Path(__file__).parents[1] / "report" / "contrasts.js").read_text()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens the review of a run for Ada, watched: what goes wrong is kept in `page.seen`."""
    with ExitStack() as stack:

        def open_page(run: Path, moved: dict[str, ImageSet] | None = None, **options: Any) -> Any:
            desk = open_desk(run, QueueSettings(4, 1), moved)
            stack.callback(desk.close)
            service = stack.enter_context(served(desk, ["Ada"]))
            thread = threading.Thread(target=service.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(lambda: setattr(service.server, "should_exit", True))
            context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
            stack.callback(context.close)
            page = context.new_page()
            page.seen = []
            page.site = Site(service.urls)
            page.on("console", lambda message: page.seen.append(message.text))
            page.on("pageerror", lambda error: page.seen.append(str(error)))
            page.on(
                "request",
                lambda request: (
                    page.seen.append(request.url) if page.site.origin not in request.url else None
                ),
            )
            page.goto(service.urls["Ada"])
            page.wait_for_selector("body[data-shown]")
            return page

        yield open_page


def until(page: Any, expression: str) -> None:
    """Wait until this is so. (The page's policy lets nobody evaluate text in it, as Playwright's own waiting does.)"""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    told = page.evaluate("['said', 'problem', 'place'].map((id) => document.getElementById(id)?.textContent)")
    raise AssertionError(f"never: {expression}; the page says {told}, its console {page.seen}")


def shown(page: Any) -> str:
    return str(page.locator("#place").text_content())


def press(page: Any, key: str, then: str) -> None:
    """Press a key, and wait for the pair that is to be shown then."""
    page.keyboard.press(key)
    until(page, f"document.querySelector('#place').textContent === 'Pair {then}'")


def drawn(page: Any) -> list[int]:
    """How many shades are on each canvas, once nothing is waited for."""
    until(page, "!document.querySelector('.waiting') && document.querySelector('canvas')?.width > 1")
    return list(
        page.evaluate(
            "[...document.querySelectorAll('canvas')].map((canvas) => new Set(canvas.getContext('2d')"
            ".getImageData(0, 0, canvas.width, canvas.height).data).size)"
        )
    )


def test_a_reader_judges_by_keys_alone_undoes_and_goes_on(opened, run: Path) -> None:
    page = opened(run)
    assert shown(page) == "Pair 1 of 6"
    for key, then in [("c", "2 of 6"), ("n", "3 of 6"), ("s", "4 of 6"), ("u", "5 of 6")]:
        press(page, key, then)
    assert verdicts_of(run)["label"].tolist() == ["copy", "novel", "same_patient", "unsure"]
    assert page.locator("#read").text_content() == "4 read"
    press(page, "z", "4 of 6")
    assert verdicts_of(run)["label"].tolist() == ["copy", "novel", "same_patient"]
    press(page, "ArrowLeft", "3 of 6")
    assert page.locator("[data-label=same_patient]").get_attribute("aria-pressed") == "true"
    press(page, "k", "2 of 6")
    press(page, "j", "3 of 6")
    press(page, "e", "4 of 6")
    page.keyboard.press("t")
    page.keyboard.type("cznu: ribs")
    page.keyboard.press("Enter")
    press(page, "c", "5 of 6")
    assert verdicts_of(run)["comment"].tolist()[-1] == "cznu: ribs"
    page.reload()
    page.wait_for_selector("body[data-shown]")
    assert shown(page) == "Pair 5 of 6"
    assert page.locator("#comment").input_value() == ""
    assert [one for one in page.seen if "getImageData" not in one] == []  # that is ours


@pytest.mark.slow
def test_the_last_verdict_says_that_all_is_read(opened, run: Path) -> None:
    page = opened(run)
    for place in range(2, 7):
        press(page, "n", f"{place} of 6")
    page.keyboard.press("c")
    until(page, "document.querySelector('#said').textContent.includes('All pairs are read')")
    assert len(verdicts_of(run)) == 6
    assert [one for one in page.seen if "getImageData" not in one] == []  # that is ours


@pytest.mark.slow
def test_a_comment_that_comes_after_the_verdict_is_kept_too(opened, run: Path) -> None:
    page = opened(run)
    press(page, "c", "2 of 6")
    press(page, "ArrowLeft", "1 of 6")
    page.locator("#comment").fill("seen again")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#said').textContent.startsWith('Saved: the comment')")
    (told,) = verdicts_of(run).to_dict("records")
    assert (told["label"], told["comment"]) == ("copy", "seen again")


def test_every_view_shows_something_else(opened, run: Path) -> None:
    page = opened(run)
    assert [count > 20 for count in drawn(page)] == [True, True]
    pictures = set()
    for key in "1234":
        page.keyboard.press(key)
        assert all(count > 2 for count in drawn(page))
        assert len(drawn(page)) == (2 if key == "1" else 1)
        pictures.add(page.locator("#stage").screenshot())
    assert len(pictures) == 4
    page.keyboard.press("a")
    assert page.locator("#aligned").get_attribute("aria-pressed") == "false"
    assert "aligned" not in page.locator("figcaption").text_content()
    page.keyboard.press("2")
    page.keyboard.press(" ")  # from here on they change by hand only
    before = page.locator("figcaption").text_content()
    page.keyboard.press(" ")
    after = page.locator("figcaption").text_content()
    assert {before, after} == {"image", "training image"}
    assert [one for one in page.seen if "getImageData" not in one] == []  # that is ours


def test_both_images_are_zoomed_moved_and_windowed_together(opened, run: Path) -> None:
    page = opened(run)
    drawn(page)
    plain = [canvas.screenshot() for canvas in page.locator("canvas").all()]
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator("#zoom").text_content() == "125%"
    moved = [canvas.screenshot() for canvas in page.locator("canvas").all()]
    page.keyboard.press("]")
    page.keyboard.press(".")
    toned = [canvas.screenshot() for canvas in page.locator("canvas").all()]
    for first, second in ((plain, moved), (moved, toned), (plain, toned)):
        assert all(a != b for a, b in zip(first, second, strict=True))
    page.keyboard.press("0")
    assert [canvas.screenshot() for canvas in page.locator("canvas").all()] == plain
    box = page.locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.wheel(0, -400)
    assert page.locator("#zoom").text_content() != "100%"
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 150, box["y"] + 50)
    page.mouse.up(button="right")
    assert float(page.locator("#contrast").input_value()) > 0


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, ImageSet]]:
    """An audit of small volumes of 16 bits and two channels, and its sets."""
    chance = np.random.default_rng(0)

    def some(n: int, name: str) -> ImageSet:
        rough = chance.random((n, 2, 6, 8, 10)).repeat(2, axis=2).repeat(2, axis=3).repeat(2, axis=4)
        pixels = (rough * 4000).astype(np.uint16)
        return ImageSet.from_arrays(pixels, pd.DataFrame({"id": [f"{name}{k}" for k in range(n)]}))

    sets = {"train": some(6, "t"), "holdout": some(4, "h"), "synthetic": some(2, "s")}
    run = tmp_path_factory.mktemp("volumes") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        settings = AuditSettings(method="pearson", n_controls=1, n_draws=2)
        audit(**sets, settings=settings, out=run)
    return run, sets


def test_volumes_are_scrolled_in_step_in_three_planes(
    opened, volumes: tuple[Path, dict[str, ImageSet]]
) -> None:
    page = opened(*volumes)
    assert len(drawn(page)) == 6
    assert page.locator(".scrolls label").first.text_content() == "axial 11 / 20"
    before = [canvas.screenshot() for canvas in page.locator("canvas").all()]
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    drawn(page)
    assert page.locator(".scrolls label").first.text_content() == "axial 15 / 20"
    after = [canvas.screenshot() for canvas in page.locator("canvas").all()]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, False, False] * 2
    page.keyboard.press("p")
    assert len(drawn(page)) == 2
    page.keyboard.press("p")
    assert page.locator(".scrolls label").text_content() == "coronal 9 / 16"
    page.keyboard.press("x")
    assert page.locator("#channel").text_content().startswith("Channel 2")
    page.keyboard.press("4")
    assert len(drawn(page)) == 1
    assert [one for one in page.seen if "getImageData" not in one] == []  # that is ours


@pytest.mark.slow
def test_a_pair_that_cannot_be_seen_is_said_and_passed_by(opened, run: Path, reviewed_films) -> None:
    page = opened(run)
    page.route("**/api/pairs/*", lambda route: route.fulfill(status=409, json={"problem": "It is gone."}))
    page.reload()
    until(page, "!document.querySelector('#problem').hidden")
    assert page.locator("#problem").text_content() == "It is gone."
    assert page.locator("[data-label=copy]").is_disabled()
    page.unroute("**/api/pairs/*")
    press(page, "ArrowRight", "2 of 6")
    assert page.locator("#problem").is_hidden()


def test_a_verdict_that_is_not_saved_is_not_shown_as_saved(opened, run: Path) -> None:
    page = opened(run)
    page.route("**/api/verdicts", lambda route: route.abort())
    page.reload()  # a page that is open already may send its next request past a new route
    page.wait_for_selector("body[data-shown]")
    page.keyboard.press("c")
    until(page, "!document.querySelector('#problem').hidden")
    assert "doppelscan review" in page.locator("#problem").text_content()
    assert page.locator("#said").text_content() == "Not saved."
    assert shown(page) == "Pair 1 of 6"
    assert page.locator("#read").text_content() == "0 read"
    page.unroute("**/api/verdicts")
    press(page, "c", "2 of 6")
    assert verdicts_of(run)["label"].tolist() == ["copy"]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_text_has_contrast_and_every_control_a_name(opened, run: Path, scheme: str) -> None:
    page = opened(run, color_scheme=scheme)
    press(page, "c", "2 of 6")
    page.keyboard.press("4")
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []
    page.keyboard.press("?")
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, canvas, progress')].filter((one) => !(one.textContent.trim()"
        " || one.ariaLabel || one.labels?.length)).map((one) => one.outerHTML)"
    )
    assert nameless == []


def test_what_has_the_focus_is_seen_and_all_controls_can_have_it(opened, run: Path) -> None:
    page = opened(run)
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.label"))
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    assert {"help", "aligned", "contrast", "copy", "unsure", "comment", "next", "reset"} <= reached


@pytest.mark.parametrize(
    ("width", "height"),
    [(820, 1180)]
    + [pytest.param(*size, marks=pytest.mark.slow) for size in [(1280, 800), (1180, 820), (390, 844)]],
)
def test_nothing_is_wider_than_the_window_and_verdicts_are_in_it(
    opened, run: Path, width: int, height: int
) -> None:
    page = opened(run, viewport={"width": width, "height": height}, has_touch=width < 1280)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert min(drawn(page)) > 20
    for label in ("copy", "unsure"):
        box = page.locator(f"[data-label={label}]").bounding_box()
        assert box["y"] + box["height"] <= height
        assert box["height"] >= 40


def test_a_page_of_another_origin_gets_nothing_and_changes_nothing(opened, run: Path) -> None:
    page = opened(run)
    pair = page.site.get("Ada", "/api/queue").json["pairs"][0]["id"]
    other = page.context.new_page()
    evil = "http://evil.example/"
    other.route(evil, lambda route: route.fulfill(body="<body>evil", content_type="text/html"))
    other.goto(evil)
    tried = other.evaluate(
        """async ([origin, pair]) => {
          const seen = [];
          for (const [path, options] of [
            ["/api/queue", {}],
            ["/api/queue", { mode: "no-cors" }],
            ["/api/verdicts", { method: "POST", body: JSON.stringify({ pair, label: "copy" }) }],
            ["/api/verdicts", { method: "POST", mode: "no-cors", body: JSON.stringify({ pair, label: "copy" }) }],
          ]) {
            const answer = await fetch(origin + path, { credentials: "include", ...options }).catch(() => null);
            seen.push(answer ? (await answer.text().catch(() => "")) : "");
          }
          const image = new Image();
          image.src = `${origin}/api/pairs/${pair}/maps/difference`;
          await new Promise((done) => { image.onload = image.onerror = done; });
          seen.push(image.naturalWidth ? "image" : "");
          const frame = document.createElement("iframe");
          frame.src = origin + "/";
          document.body.append(frame);
          await new Promise((done) => { frame.onload = done; setTimeout(done, 1000); });
          let inside = "";
          try { inside = frame.contentDocument.body.textContent; } catch { inside = ""; }
          return [...seen, inside];
        }""",
        [page.site.origin, pair],
    )
    assert tried == [""] * 6
    assert verdicts_of(run).empty


@pytest.mark.slow
def test_scripts_that_are_not_ours_do_not_run_and_nothing_is_kept(opened, run: Path) -> None:
    page = opened(run)
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert "token" not in page.url
    ran = page.evaluate(
        """async () => {
          const script = document.createElement("script");
          script.textContent = "window.evil = 1";
          document.body.append(script);
          const image = new Image();
          image.src = "http://evil.example/x.png";
          await new Promise((done) => { image.onload = image.onerror = done; });
          const sent = await fetch("http://evil.example/").then(() => 1, () => 0);
          return [window.evil ?? 0, image.naturalWidth, sent];
        }"""
    )
    assert ran == [0, 0, 0]
