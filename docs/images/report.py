"""How the pictures of the report were made: `python docs/images/report.py planted/run worded/run`.

The folders are those of `doppelscan demo --planted` and `doppelscan demo --text`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
WIDTH, GAP = 1160, 16
PLANTED = {  # picture: colours, from the top of the first element to the bottom of the last
    "report-verdict.png": ("light", "header", "section[aria-labelledby=numbers]"),
    "report-controls.png": ("light", "#controls", "section[aria-labelledby=controls]"),
    "report-scores.png": ("light", "#scores", "section[aria-labelledby=scores]"),
    "report-matches.png": ("light", "#match-3", "#match-6"),
    "report-dark.png": ("dark", "header", "section[aria-labelledby=numbers]"),
}
WORDED = {"report-derived.png": ("light", "#derived", ".child:nth-child(9)")}


def shoot(page: Any, name: str, first: str, last: str) -> None:
    """Save what the page shows between two elements."""
    top = page.locator(first).bounding_box()["y"]
    end = page.locator(last).bounding_box()
    top = max(0, top - GAP)
    area = {"x": 0, "y": top, "width": WIDTH, "height": end["y"] + end["height"] + GAP - top}
    page.screenshot(path=HERE / name, full_page=True, clip=area)


def main(planted: Path, worded: Path) -> None:
    """Write the pictures of both reports."""
    with sync_playwright() as playwright:
        quiet = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=quiet)
        for run, shots in ((planted, PLANTED), (worded, WORDED)):
            for name, (colours, first, last) in shots.items():
                page = browser.new_page(color_scheme=colours, viewport={"width": WIDTH, "height": 900})
                page.goto((run / "report.html").absolute().as_uri())
                shoot(page, name, first, last)
        browser.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
