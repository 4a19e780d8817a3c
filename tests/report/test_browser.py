"""The page in a real browser, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from doppelscan.findings import write_run
from doppelscan.report import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text()


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
def report(make_example) -> Path:
    record = {
        "sets": {
            "train": {
                "path": "/ward/" + "long" * 40,
                "fingerprint": "ab" * 32,
                "unreadable": [["x" * 200, "truncated"]],
            }
        }
    }
    example = make_example(
        n=30, copies=4, patients_known=False, notes=("A note.",), record=record, aligned=True
    )
    run = replace(example.run, alignments=example.run.alignments.head(5))
    write_run(example.folder, run)  # of six matches that are shown, one is not aligned
    return write_report(example.folder, train=example.train, synthetic=example.synthetic, n_matches=6)


@pytest.fixture
def opened(chromium: Any, report: Path) -> Iterator[Any]:
    """Opens the report, watched: every message, error and request is kept in `page.seen`."""
    contexts = []

    def open_page(**options: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.seen = []
        page.on("console", lambda message: page.seen.append(message.text))
        page.on("pageerror", lambda error: page.seen.append(str(error)))
        page.on("request", lambda request: page.seen.append(request.url))
        page.goto(report.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_the_page_opens_offline_without_an_error_or_a_request(opened, report: Path) -> None:
    page = opened()
    assert [url for url in page.seen if not url.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert page.locator("img").count() == 18


def test_the_keyboard_moves_enlarges_and_closes(opened) -> None:
    page = opened()
    for key, match in [
        ("j", 1),
        ("j", 2),
        ("ArrowRight", 3),
        ("ArrowDown", 4),
        ("k", 3),
        ("ArrowLeft", 2),
        ("ArrowUp", 1),
        ("k", 1),
    ]:
        page.keyboard.press(key)
        assert focused(page) == f"match-{match}"
    for key in ("Enter", " "):
        page.keyboard.press(key)
        assert page.locator("dialog[open] .place").text_content() == "1"
        page.keyboard.press("j")
        assert page.locator("dialog[open] .place").text_content() == "2"
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        page.wait_for_selector("#match-2:focus")
        page.keyboard.press("k")


def test_arrow_keys_scroll_as_usual_outside_the_gallery(opened) -> None:
    page = opened()
    page.keyboard.press("ArrowDown")
    assert focused(page) == ""


def test_what_has_the_focus_is_seen(opened) -> None:
    page = opened()
    page.keyboard.press("j")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2


def test_an_enlarged_match_is_larger_and_fits_the_window(opened) -> None:
    page = opened()
    small = page.locator(".match img").first.bounding_box()
    page.locator(".match .panels").first.click()
    large, window = page.locator("dialog canvas").first.bounding_box(), page.locator("dialog").bounding_box()
    assert large["width"] > 1.5 * small["width"]
    assert window["height"] <= 900
    page.get_by_role("button", name="Close").click()
    assert page.locator("dialog[open]").count() == 0


def test_the_table_of_patients_is_sorted_on_request(opened) -> None:
    page = opened()
    copies = (
        "[...document.querySelectorAll('.sortable tbody tr')].map((row) => Number(row.cells[2].textContent))"
    )
    page.get_by_role("button", name="Synthetic copies").click()
    falling = page.evaluate(copies)
    page.get_by_role("button", name="Synthetic copies").click()
    assert falling == sorted(falling, reverse=True)
    assert page.evaluate(copies) == sorted(falling)
    assert page.locator("th[aria-sort=ascending]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(opened, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    measured = page.evaluate(CONTRASTS)
    assert len(measured) > 100
    assert [found for found in measured if found[0] < 4.5] == []


def test_light_and_dark_differ(opened) -> None:
    papers = {
        opened(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(papers) == 2


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(opened, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert len(page.screenshot(full_page=True)) > 20_000


def test_the_page_says_everything_without_scripts(opened) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator(".match img").count() == 18
    assert page.get_by_text("4 of 30 synthetic images").is_visible()
    assert not page.locator(".keys").is_visible()
    assert not page.locator("dialog").is_visible()


def test_the_page_prints_in_black_on_white(opened) -> None:
    page = opened(color_scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".keys").is_visible()


def shown(page: Any) -> list[str]:
    return list(
        page.evaluate(
            "[...document.querySelectorAll('.match')].filter((one) => !one.hidden).map((one) => one.id)"
        )
    )


def test_matches_are_filtered_and_ordered_on_request(opened) -> None:
    page = opened()
    every = [f"match-{place}" for place in range(1, 7)]
    assert shown(page) == every
    page.get_by_role("combobox", name="Show").select_option("all others")
    assert shown(page) == every[4:]
    assert page.locator(".filters output").text_content() == "2 of 6 shown"
    page.keyboard.press("Tab")
    page.locator("body").press("j")
    assert focused(page) == "match-5"
    page.get_by_role("combobox", name="Show").select_option("all")
    page.get_by_role("combobox", name="Aligned").select_option("shifted")
    assert shown(page) == every[:4]
    page.get_by_role("combobox", name="Aligned").select_option("in any way")
    page.get_by_role("combobox", name="Patient").select_option("img-person-0")
    assert set(shown(page)) == {"match-1", "match-2"}
    page.get_by_role("combobox", name="Patient").select_option("all")
    page.get_by_role("combobox", name="Order by").select_option("score")
    scores = page.evaluate(
        "[...document.querySelectorAll('.facts > div:first-child dd')].map((one) => Number(one.textContent))"
    )
    assert scores == sorted(scores, reverse=True)
    page.get_by_role("combobox", name="Order by").select_option("suspicion")
    assert shown(page) == every


def until(page: Any, expression: str) -> None:
    """Wait until this is so. (The page's policy lets nobody evaluate text in it, as Playwright's own waiting does.)"""
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never: {expression}")


def stopped(page: Any) -> Any:
    """Time passes on the page only as the test says."""
    page.clock.install(time=0)
    page.clock.pause_at(3600)
    return page


def captions(page: Any) -> list[str]:
    return list(page.locator("dialog figcaption").all_text_contents())


def pictures(page: Any) -> list[bytes]:
    """What each canvas shows, once it is drawn."""
    until(
        page,
        "[...document.querySelectorAll('dialog canvas')].every((one) => one.width === Math.round(one.clientWidth))",
    )
    return [canvas.screenshot() for canvas in page.locator("dialog canvas").all()]


def enlarged(page: Any) -> Any:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    return page


def test_an_enlarged_pair_is_drawn_and_described(opened) -> None:
    page = enlarged(opened())
    assert captions(page) == ["synthetic", "training, aligned", "agreement"]
    assert len(set(pictures(page))) == 3
    shades = (
        "[...document.querySelectorAll('dialog canvas')].map((canvas) => new Set(canvas.getContext('2d')"
        ".getImageData(0, 0, canvas.width, canvas.height).data).size)"
    )
    assert min(page.evaluate(shades)) > 20
    told = [canvas.get_attribute("aria-label") for canvas in page.locator("dialog canvas").all()]
    assert told == [image.get_attribute("alt") for image in page.locator("#match-1 img").all()]


def test_an_enlarged_pair_blinks_until_it_is_told_to_stop(opened) -> None:
    page = enlarged(stopped(opened()))
    page.keyboard.press("b")
    assert captions(page) == ["synthetic"]
    page.clock.run_for(499)
    assert captions(page) == ["synthetic"]
    for milliseconds, seen in ((1, "training, aligned"), (500, "synthetic"), (500, "training, aligned")):
        page.clock.run_for(milliseconds)
        assert captions(page) == [seen]
    page.keyboard.press(" ")
    for _ in range(3):
        assert captions(page) == ["synthetic"]
        page.clock.run_for(500)
    page.keyboard.press(" ")
    assert captions(page) == ["training, aligned"]
    page.keyboard.press("j")
    assert captions(page) == ["synthetic"]
    page.keyboard.press("b")
    assert len(captions(page)) == 3


def test_whoever_wants_no_motion_changes_the_images_by_hand(opened) -> None:
    page = enlarged(stopped(opened(reduced_motion="reduce")))
    page.keyboard.press("2")
    seen = []
    for _ in range(3):
        page.clock.run_for(600)
        seen += captions(page)
        page.keyboard.press(" ")
    assert seen == ["synthetic", "training, aligned", "synthetic"]


def test_contrast_and_brightness_change_both_images_and_no_map(opened) -> None:
    page = enlarged(opened())
    plain = pictures(page)
    for first, keys in (("]", "Contrast"), (".", "Brightness")):
        page.keyboard.press(first)
        changed = pictures(page)
        assert [a != b for a, b in zip(plain, changed, strict=True)] == [True, True, False]
        assert float(page.get_by_label(keys).input_value()) > 0
        page.keyboard.press("0")
    assert pictures(page) == plain


def test_enlarged_images_are_zoomed_and_moved_together(opened) -> None:
    page = enlarged(opened())
    plain = pictures(page)
    page.get_by_role("button", name="Zoom in").click()
    zoomed = pictures(page)
    page.keyboard.press("Shift+ArrowRight")
    moved = pictures(page)
    for before, after in ((plain, zoomed), (zoomed, moved)):
        assert all(a != b for a, b in zip(before, after, strict=True))
    assert page.locator("dialog #zoom").text_content() == "125%"


def test_the_map_is_seen_alone(opened) -> None:
    page = enlarged(opened())
    page.keyboard.press("3")
    assert captions(page) == ["agreement"]
    page.get_by_role("radio", name="Side by side").click()
    assert len(captions(page)) == 3


def test_what_is_withheld_is_said_and_cannot_blink(chromium: Any, make_example, tmp_path: Path) -> None:
    example = make_example(n=3, copies=1)
    example.page(redact_training=True)
    page = chromium.new_page()
    page.goto((example.folder / "report.html").as_uri())
    enlarged(page)
    page.keyboard.press("2")
    assert captions(page)[0].startswith("synthetic: Withheld")
    assert page.get_by_role("radio", name="Blink").is_disabled()
    assert page.get_by_role("radio", name="Map").is_disabled()
    page.close()
