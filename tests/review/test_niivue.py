"""Volumes in niivue: voxels by the id of their pair, a policy that is wider for its page alone, nothing without it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel
import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.images import Image
from doppelscan.review import Desk, served
from doppelscan.review.guard import POLICY
from doppelscan.review.images import Images
from doppelscan.review.queue import QueuedPair
from doppelscan.review.verdicts import PairKey, Verdicts
from doppelscan.review.voxels import niivue_in

from .conftest import Site

SPACING = (1.0, 0.5, 2.0)
VOLUME = np.arange(2 * 6 * 5 * 4, dtype=np.int16).reshape(2, 6, 5, 4) * 50 - 900
STAND_IN = "export class Niivue {}\n"


@contextmanager
def begun(folder: Path, image: Image, niivue: Path | None) -> Iterator[Site]:
    """A review of one pair by Ada: an image, beside itself turned back to front."""
    there = {"s": image, "t": Image(image.stored[:, ::-1].copy(), image.spacing_mm)}
    images = Images(there.__getitem__, there.__getitem__, there.__getitem__, seed=0)
    desk = Desk((QueuedPair(PairKey("s", "t")),), images, {}, Verdicts(folder))
    with served(desk, ["Ada"], niivue=niivue) as service:
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield Site(service.urls)
        finally:
            service.server.should_exit = True
            thread.join()
            desk.close()


@pytest.fixture
def npm(tmp_path: Path) -> Path:
    """A folder as npm makes it, with a module that stands in for niivue."""
    package = tmp_path / "npm" / "node_modules" / "@niivue" / "niivue" / "dist"
    package.mkdir(parents=True)
    (package / "index.js").write_text(STAND_IN)
    return tmp_path / "npm"


def pair_of(site: Site) -> str:
    return str(site.get("Ada", "/api/queue").json["pairs"][0]["id"])


def test_voxels_leave_by_the_id_of_their_pair_with_spacing_and_nothing_else(
    tmp_path: Path, npm: Path
) -> None:
    with begun(tmp_path, Image(VOLUME, SPACING), npm) as site:
        name = pair_of(site)
        answer = site.get("Ada", f"/api/pairs/{name}/volume/training?channel=1")
        header = nibabel.Nifti1Image.from_bytes(answer.body)
        shares = (VOLUME[1, ::-1] - VOLUME[1].min()) / np.ptp(VOLUME[1])
        np.testing.assert_array_equal(np.asarray(header.dataobj), np.rint(shares * 65535).astype(np.uint16))
        assert header.header.get_zooms() == SPACING
        assert header.header["descrip"].item() == header.header["db_name"].item() == b""
        for path in (f"{name}/volume/training?channel=2", f"{name}/volume/difference", "0/volume/training"):
            assert site.get("Ada", f"/api/pairs/{path}").status in (400, 404)
        assert site.ask("GET", f"/api/pairs/{name}/volume/training").status == 401


def test_the_policy_is_wider_for_the_page_of_niivue_alone_and_by_one_word(tmp_path: Path, npm: Path) -> None:
    with begun(tmp_path, Image(VOLUME), npm) as site:
        policies = {
            path: site.get("Ada", path).headers["content-security-policy"]
            for path in ("/", "/volume", "/web/niivue.js", "/web/volume.html", "/api/queue", "/volume/")
        }
        assert site.get("Ada", "/web/niivue.js").body == STAND_IN.encode()
        assert site.get("Ada", "/api/queue").json["niivue"] is True
    assert policies.pop("/volume").split() == POLICY.replace("blob:;", "blob: data:;").split()
    assert set(policies.values()) == {POLICY}
    assert "unsafe" not in POLICY


def test_without_niivue_there_is_no_such_page_and_every_policy_is_as_ever(tmp_path: Path) -> None:
    with begun(tmp_path, Image(VOLUME), None) as site:
        name = pair_of(site)
        for path in ("/volume", "/web/niivue.js", f"/api/pairs/{name}/volume/training"):
            answer = site.get("Ada", path)
            assert (answer.status, answer.headers["content-security-policy"]) == (404, POLICY)
        assert site.get("Ada", "/api/queue").json["niivue"] is False


def test_films_are_no_volumes(tmp_path: Path, npm: Path) -> None:
    with begun(tmp_path, Image(np.zeros((1, 8, 9), np.uint8)), npm) as site:
        assert site.get("Ada", f"/api/pairs/{pair_of(site)}/volume/training").status == 404


def test_niivue_is_found_in_its_own_folder_and_in_npms_and_nowhere_else(tmp_path: Path, npm: Path) -> None:
    package = npm / "node_modules" / "@niivue" / "niivue"
    assert niivue_in(npm) == niivue_in(package) == STAND_IN.encode()
    with pytest.raises(InputError, match="npm install"):
        niivue_in(tmp_path)


@pytest.mark.slow
def test_the_real_niivue_draws_both_volumes_in_chromium_under_the_policy(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable, niivue = shutil.which("chromium"), os.environ.get("DOPPELSCAN_NIIVUE")
    if executable is None or niivue is None:
        pytest.skip("needs chromium, and niivue where DOPPELSCAN_NIIVUE says")
    smooth = np.add.outer(np.add.outer(np.arange(24) ** 2, np.arange(30) * 9), np.arange(20) * 7)
    flags = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with (
        begun(tmp_path, Image(smooth[None].astype(np.uint16)), Path(niivue)) as site,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        seen: list[str] = []
        page.goto(site.urls["Ada"])
        page.wait_for_selector("body[data-shown]")
        with page.expect_popup() as opened:
            page.keyboard.press("v")
        volumes = opened.value
        volumes.on("pageerror", lambda error: seen.append(str(error)))
        volumes.on("request", lambda request: seen.append(request.url))
        volumes.wait_for_selector("body[data-shown]", timeout=120_000)
        volumes.wait_for_timeout(1000)
        volumes.screenshot(path=tmp_path / "volumes.png")
        left, right = (canvas.screenshot() for canvas in volumes.locator("canvas").all())
        browser.close()
    assert left != right
    assert min(len(left), len(right)) > 10_000
    assert [one for one in seen if not one.startswith((site.origin, "data:"))] == []
