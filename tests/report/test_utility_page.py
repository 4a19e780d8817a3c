"""The page of a measurement of utility: what it sums up, and the nearest real images beside synthetic ones."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from doppelscan.estimates import Estimate
from doppelscan.findings.utility import (
    CELLS,
    EMBEDDING,
    NEAREST,
    Arm,
    Outcome,
    Parents,
    Utility,
    UtilityRun,
    write_utility,
)
from doppelscan.images.montage import picture, png
from doppelscan.imagesets import ImageSet
from doppelscan.report.names import Names
from doppelscan.report.neighbours import neighbours
from doppelscan.report.utility_page import write_utility_report

SOME = Estimate(0.5, 0.4, 0.6, 20)
MADE = np.random.default_rng(0).integers(0, 256, (3, 1, 12, 20), dtype=np.uint8)
REAL = np.random.default_rng(1).integers(0, 256, (2, 1, 12, 20), dtype=np.uint8)


@pytest.fixture
def real() -> ImageSet:
    table = pd.DataFrame({"id": ["anna-1", "ben-1"], "patient": ["anna", "ben"], "label": ["a", "b"]})
    return ImageSet.from_arrays(REAL, table)


@pytest.fixture
def run() -> UtilityRun:
    one = Outcome("real", "joined", 4.0, 0, {"balanced_accuracy": SOME}, {})
    outcomes = (one, replace(one, arm="ddpm", per_real=1))
    found = Utility(
        classifier="probe",
        encoder="pixels",
        outcome="balanced_accuracy",
        classes=("a", "b"),
        n_seeds=2,
        n_real=8,
        n_real_patients=8,
        n_test=20,
        n_test_patients=20,
        patients_known=True,
        arms=(Arm("ddpm", "generator", refitted=True),),
        outcomes=outcomes,
        contrasts=(),
        worths=(),
        saturations=(),
        seeds=(),
        parents=(Parents("ddpm", 3, SOME, SOME, SOME, SOME),),
    )
    return UtilityRun(found, pd.DataFrame(columns=CELLS.names), embedding(), {}, nearest())


def embedding() -> pd.DataFrame:
    shown = {
        "arm": ["real", "ddpm"],
        "id": ["anna-1", "new-0"],
        "label": ["a", "a"],
        "x": [0.0, 1.0],
        "y": [0.0, 1.0],
    }
    empty = {"nearest_id": None, "distance": np.nan, "source_id": None, "source_distance": np.nan}
    return pd.DataFrame(shown | empty, columns=EMBEDDING.names)


def nearest() -> pd.DataFrame:
    rows = [
        ("ddpm", f"new-{k}", "a", name, 0.1 * k, png(picture(MADE[k])))
        for k, name in enumerate(("anna-1", "ben-1", "gone-1"))
    ]
    return pd.DataFrame(rows, columns=NEAREST.names)


def decoded(source: str) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))


def test_each_synthetic_image_stands_beside_the_real_one_nearest_to_it(
    run: UtilityRun, real: ImageSet
) -> None:
    first, second, third = neighbours(run, Names(), real)
    np.testing.assert_array_equal(decoded(first.panels[0].source), picture(MADE[0]))
    np.testing.assert_array_equal(decoded(second.panels[1].source), picture(REAL[1]))
    assert dict(second.who) == {"synthetic": "new-1", "label": "a", "nearest": "ben-1", "distance": "0.1"}
    assert not third.panels[1].source
    assert third.panels[1].blank


def test_the_page_shows_them_and_redacted_none(run: UtilityRun, real: ImageSet, tmp_path: Path) -> None:
    write_utility(tmp_path, run)
    page = write_utility_report(tmp_path, real=real).read_text()
    figures = len(re.findall(r'class="drawn" src="data:image/png', page))
    assert page.count("data:image/png") == figures + 5
    assert page.count('<li class="child">') == 3
    redacted = write_utility_report(tmp_path, real=real, redact_training=True).read_text()
    assert redacted.count("data:image/png") == figures
    assert "anna-1" not in redacted
    assert redacted.count("Withheld: real images are redacted") == 6


def test_where_the_real_images_are_gone_the_page_says_so(run: UtilityRun, tmp_path: Path) -> None:
    write_utility(tmp_path, replace(run, record={"sets": {"real": {"path": str(tmp_path / "nowhere")}}}))
    assert write_utility_report(tmp_path).read_text().count("The images cannot be opened.") == 3
