"""The page of a measurement of quality: whole, escaped, self-contained, and silent where it must be."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from doppelscan.errors import InputError
from doppelscan.estimates import Estimate
from doppelscan.findings.quality import Measured, Quality, QualityRun, TwoSample, write_quality
from doppelscan.imagesets import ImageSet
from doppelscan.quality.traits import TRAITS
from doppelscan.report.quality_page import write_quality_report
from doppelscan.report.quality_words import WORDS, summary

HOSTILE = "<script>alert(1)</script>\"'&"
UNKNOWN = Estimate(math.nan, 0.0, 1.0, 0)


def number(name: str, at: float = 0.5) -> Measured:
    perfect = Estimate(0.5, 0.4, 0.6, 8)
    return Measured(name, Estimate(at, at - 0.1, at + 0.1, 20), Estimate(at, at - 0.1, at + 0.1, 8), perfect)


def run_of(n: int = 20, realism: float | None = None) -> QualityRun:
    fine = tuple(number(name) for name in list(TRAITS)[:10])
    absent = Measured("is", UNKNOWN, UNKNOWN, UNKNOWN, "Needs the weights.")
    endless = Measured("ct", Estimate(-9.0, -math.inf, math.inf, 20), UNKNOWN, UNKNOWN)
    quality = Quality(
        encoder=HOSTILE,
        n_numbers=64,
        n_real=12,
        n_real_patients=9,
        n_synthetic=n,
        n_holdout=7,
        n_holdout_patients=7,
        patients_known=True,
        fidelity=(*fine, absent, number("precision", 0.9)),
        memorization=(endless, number("authenticity"), number("mifid"), number("nearer")),
        two_sample=(TwoSample("pixels", Estimate(0.7, 0.6, 0.8, 20), 0.001, 0.99, 0.4),),
        notes=("Mind this.",),
    )
    samples = pd.DataFrame(
        {
            "synthetic_id": [f"drawn-{k}" for k in range(n)],
            "realism": np.linspace(0.2, 2.0, n) if realism is None else realism,
            "density": 1.0,
            "real_like": True,
            "authentic": True,
            "nearest_id": [f"{HOSTILE}{k % 12}" for k in range(n)],
            "nearest_patient": None,
            "distance": 0.5,
        }
    )
    sets = {"real": {"path": "/ward/real", "n": 12, "unreadable": [["broken.png", "truncated"]]}}
    return QualityRun(
        quality, samples, {"sets": sets, "settings": {"seed": 0}, "started": "2026-11-21T10:00"}
    )


@pytest.fixture
def sets() -> tuple[ImageSet, ImageSet]:
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"id": [f"{HOSTILE}{k}" for k in range(12)]})
    drawn = pd.DataFrame({"id": [f"drawn-{k}" for k in range(20)]})
    return tuple(  # type: ignore[return-value]
        ImageSet.from_arrays(rng.integers(0, 256, (len(table), 1, 9, 9), dtype=np.uint8), table)
        for table in (real, drawn)
    )


def page_of(folder: Path, run: QualityRun, sets: tuple[ImageSet, ImageSet], **how: bool) -> str:
    write_quality(folder, run)
    return write_quality_report(folder, real=sets[0], synthetic=sets[1], **how).read_text()


def test_every_number_has_words() -> None:
    assert set(WORDS) == set(TRAITS)


def test_the_page_says_every_number_and_escapes_every_name(
    tmp_path: Path, sets: tuple[ImageSet, ImageSet]
) -> None:
    page = page_of(tmp_path, run_of(), sets)
    for one in (*run_of().quality.fidelity, *run_of().quality.memorization):
        assert WORDS[one.name].title in page
    assert "Not measured. Needs the weights." in page
    assert "Mind this." in page
    assert "<script>alert" not in page
    assert page.count("<img") == 32
    assert "default-src &#39;none&#39;" in page
    assert "not known" in page
    assert "-inf" not in page


def test_both_ends_are_shown_in_the_order_of_realism(tmp_path: Path, sets: tuple[ImageSet, ImageSet]) -> None:
    page = page_of(tmp_path, run_of(), sets)
    places = [page.index(f"<dd>drawn-{k}</dd>") for k in (0, 7, 19, 12)]
    assert places == sorted(places)
    assert "<dd>drawn-9</dd>" not in page


def test_redaction_withholds_images_names_and_paths(tmp_path: Path, sets: tuple[ImageSet, ImageSet]) -> None:
    page = page_of(tmp_path, run_of(), sets, redact_training=True)
    assert "<img" not in page
    assert "data:image" not in page
    assert "alert(1)" not in page.replace(f"by {HOSTILE}", "").split("<main>")[1]
    assert "/ward/real" not in page
    assert "broken.png" not in page
    assert "Withheld: real images are redacted" in page


def test_images_that_cannot_be_had_are_replaced_by_the_reason(
    tmp_path: Path, sets: tuple[ImageSet, ImageSet]
) -> None:
    write_quality(tmp_path, run_of())
    page = write_quality_report(tmp_path).read_text()
    assert "does not say where its images are" in page


def test_without_realism_no_images_are_shown(tmp_path: Path, sets: tuple[ImageSet, ImageSet]) -> None:
    page = page_of(tmp_path, run_of(realism=math.nan), sets)
    assert "Least and most realistic" not in page


def test_the_summary_counts_what_is_as_a_perfect_generator_has_it() -> None:
    said = list(summary(run_of().quality))
    assert said[0] == "10 of 11 numbers are as a perfect generator would have them."
    assert said[1] == "Not so: Precision."
    assert "70.0%" in said[2]


def test_a_folder_without_a_measurement_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run doppelscan quality"):
        write_quality_report(tmp_path)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_in_a_browser_without_an_error_or_a_request(
    tmp_path: Path, sets: tuple[ImageSet, ImageSet], width: int
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    page_of(tmp_path, run_of(), sets)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 800})
        seen: list[str] = []
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto((tmp_path / "report.html").as_uri())
        assert seen == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        assert page.locator("dialog[open] .place").text_content() == "1"
        browser.close()
