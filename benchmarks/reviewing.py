"""How long from a key to the next pair on the screen? Films of 1,024 pixels and volumes of 256^3, in real Chromium.

A pair counts as shown once both images are drawn and the frame is due. "next" is the key that goes on, "verdict" one
that also waits for the verdict to be on disk. What comes next was fetched before, as it is while somebody looks.
Run: `python benchmarks/reviewing.py`. Needs the extra `review`, playwright and `chromium`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright
from scipy import ndimage

from doppelscan.imagesets import ImageSet, open_images
from doppelscan.review import Desk, served
from doppelscan.review.images import Images
from doppelscan.review.queue import QueuedPair
from doppelscan.review.verdicts import PairKey, Verdicts
from doppelscan.seeds import stream
from realimages import DATA
from stopwatch import company, processor

SIDE, DEEP = 1024, 256
RESULTS = Path(__file__).parent / "results"
SHOWN = """(key) => new Promise((done) => {
  const before = performance.now();
  new MutationObserver((_, watching) => {
    watching.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - before), 0));
  }).observe(document.body, { attributes: true, attributeFilter: ["data-shown"] });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
})"""


def main() -> None:
    """Measure both kinds of image, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=24, help="pairs of films")
    parser.add_argument("--volumes", type=int, default=10, help="pairs of volumes")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, images in (
            (f"films, {SIDE} x {SIDE}, 8 bits", films(Path(folder) / "films", chosen.films)),
            (f"volumes, {DEEP}^3, 16 bits", volumes(Path(folder) / "volumes", chosen.volumes)),
        ):
            for key, meaning in (("ArrowRight", "next"), ("n", "verdict")):
                seconds = measured(images, Path(folder), key)
                row = [
                    name,
                    meaning,
                    len(seconds),
                    min(seconds),
                    np.median(seconds),
                    np.percentile(seconds, 90),
                ]
                print(row)
                rows.append(row)
    write(rows)


def films(folder: Path, n: int) -> ImageSet:
    """Real films, as PNG files of 1,024 pixels."""
    folder.mkdir()
    source = DATA / "chest_xray"
    for k, file in enumerate(pd.read_csv(source / "images.csv", dtype=str)["file"].head(n)):
        film = cv2.imread(str(source / file), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(
            str(folder / f"{k:03d}.png"), cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        )
    return open_images(folder)


def volumes(folder: Path, n: int) -> ImageSet:
    """Smooth noise, as NIfTI files."""
    folder.mkdir()
    for k in range(n):
        rough = stream(0, "volume", k).normal(2000, 600, (DEEP // 8,) * 3).astype(np.float32)
        volume = np.clip(ndimage.zoom(rough, 8, order=1), 0, 4095).astype(np.uint16)
        nibabel.Nifti1Image(volume, np.eye(4)).to_filename(folder / f"{k:03d}.nii")
    return open_images(folder)


def measured(images: ImageSet, folder: Path, key: str) -> list[float]:
    """Milliseconds from each press to the pair that it brings."""
    names = images.table["id"].tolist()
    given = Images.of({"seed": 0}, {"train": images, "synthetic": images})
    queue = tuple(QueuedPair(PairKey(a, b)) for a, b in zip(names, names[1:] + names[:1], strict=True))
    run = Path(tempfile.mkdtemp(dir=folder))
    desk = Desk(queue, given, {}, Verdicts(run))
    with browsed(desk) as page:
        found = []
        for _ in range(len(queue) - 1):
            settled(page)
            found.append(float(page.evaluate(SHOWN, key)))
    desk.close()
    shutil.rmtree(run)
    return found


@contextmanager
def browsed(desk: Desk) -> Iterator[Any]:
    """The first pair, shown."""
    with served(desk, ["Ada"]) as service, sync_playwright() as playwright:
        thread = threading.Thread(target=service.run)
        thread.start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(service.urls["Ada"])
        page.wait_for_selector("body[data-shown]", timeout=120_000)
        yield page
        browser.close()
        service.server.should_exit = True
        thread.join()


def settled(page: Any) -> None:
    """Wait until what comes next is there."""
    page.wait_for_selector("body[data-ahead]", timeout=300_000)
    page.wait_for_timeout(100)


def write(rows: list[list[Any]]) -> None:
    """The table of results, with the machine and what else ran on it."""
    lines = [
        "# From a key to the next pair on the screen",
        "",
        f"`python benchmarks/reviewing.py`, {datetime.now(UTC):%Y-%m-%d}; {company()}; headless Chromium, no GPU,",
        "1280 x 800, server and browser on the same cores. Milliseconds until both images are drawn, of pairs that",
        "were fetched before. `verdict` also waits until the verdict is on disk.",
        "",
        "| images | key | presses | least ms | median ms | 90% below |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {key} | {n} | {least:.0f} | {median:.0f} | {most:.0f} |"
            for name, key, n, least, median, most in rows
        ),
    ]
    (RESULTS / f"reviewing-{processor()}.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
