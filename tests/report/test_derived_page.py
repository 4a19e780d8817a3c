"""Images made from real ones: both rates, what of an image is new, and nothing of a patient where that is redacted."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from doppelscan.errors import UnreadableImage
from doppelscan.estimates import Estimate
from doppelscan.findings import Run, write_run
from doppelscan.findings.derived import DerivedFindings
from doppelscan.images import Image
from doppelscan.report.derived_page import DerivedSaid, derived_said, made_from_real
from doppelscan.report.gallery import Panel
from doppelscan.report.names import Names

from .conftest import Example, MakeExample

UNKNOWN = Estimate(float("nan"), 0.0, 1.0, 0)
SOME = DerivedFindings(
    n=6,
    n_null=4,
    n_null_patients=3,
    n_lost=0,
    from_others=Estimate(0.0, 0.0, 0.46, 6),
    from_source=Estimate(0.25, 0.05, 0.6, 4),
    by_strategy={"inpaint": Estimate(0.25, 0.05, 0.6, 4)},
)


def derived_table() -> pd.DataFrame:
    """Four inpainted images with a null (the third repeats its source), two outpainted without; and the null."""
    n = 7
    return pd.DataFrame(
        {
            "synthetic_id": [f"img-drawn-{k}" for k in range(n)],
            "source_id": [f"img-real-{k}" for k in range(n)],
            "patient": [f"img-person-{k // 2}" for k in range(n)],
            "strategy": ["inpaint"] * 4 + ["outpaint"] * 2 + ["inpaint"],
            "arm": ["train"] * 6 + ["null"],
            "score": [0.2, 0.3, 0.99, 0.1, 0.5, np.nan, 0.2],
            "statistic": [0.2, 0.3, 2.6, 0.1, 0.5, np.nan, 0.2],
            "p_value": [0.6, 0.5, 0.01, 0.9, np.nan, np.nan, np.nan],
            "q_value": [0.8, 0.8, 0.04, 0.9, np.nan, np.nan, np.nan],
            "from_source": [False, False, True, False, False, False, False],
        }
    )


@pytest.fixture
def example(make_example: MakeExample) -> Example:
    made = make_example(derived=SOME)
    run = replace(made.run, derived=derived_table())
    write_run(made.folder, run)
    return replace(made, run=run)


def said(run: Run, pixels: dict[str, np.ndarray], names: Names | None = None) -> DerivedSaid:
    def shown(name: str) -> Image:
        if name not in pixels:
            raise UnreadableImage("it is gone")
        return Image(pixels[name])

    found = derived_said(run, names or Names(), synthetic=shown, train=shown)
    assert found is not None
    return found


def decoded(panel: Panel) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(panel.source.partition(",")[2]))))


def test_both_questions_are_answered_with_their_intervals_and_by_strategy(example: Example) -> None:
    rows = said(example.run, {}).rates.rows
    assert [(name, one.value, one.n) for name, _, one in rows] == [
        ("Copy another patient", "0%", 6),
        ("Repeat their source", "25.0%", 4),
        ("inpaint", "25.0%", 4),
    ]
    assert rows[1][2].between == "5.0% to 60.0%"


def test_the_most_suspicious_of_each_strategy_come_first_and_the_null_is_not_shown(example: Example) -> None:
    children = said(example.run, {}).children
    assert [(child.strategy, dict(child.who)["synthetic"]) for child in children] == [
        *(("inpaint", f"img-drawn-{k}") for k in (2, 1, 0)),
        *(("outpaint", f"img-drawn-{k}") for k in (4, 5)),
    ]
    verdicts = [child.verdict for child in children]
    assert verdicts == ["repeats its source", *["not flagged"] * 2, *["not judged"] * 2]


@pytest.mark.parametrize("shape", [(3, 12, 20), (1, 12, 20), (2, 6, 12, 8)])
def test_what_is_of_the_source_is_striped_and_what_is_new_is_not(
    shape: tuple[int, ...], example: Example
) -> None:
    source = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    made = source.copy()
    made[..., : shape[-1] // 2] ^= 255
    child = said(example.run, {"img-real-2": source, "img-drawn-2": made}).children[0]
    assert [panel.caption for panel in child.panels] == ["source", "drawn", "new part"]
    whole, new = decoded(child.panels[1]), decoded(child.panels[2])
    same = (whole == new).all(axis=2)
    if len(shape) == 3 and shape[0] != 2:
        assert same[:, :10].all()
        assert not same[:, 10:].any(axis=None) or same[:, 10:].mean() < 0.05
    assert 0.3 < same.mean() < 0.8


def test_images_of_unequal_shape_or_that_are_gone_say_why_there_is_no_picture(example: Example) -> None:
    small, large = np.zeros((1, 8, 8), np.uint8), np.zeros((1, 9, 9), np.uint8)
    child = said(example.run, {"img-real-2": small, "img-drawn-2": large}).children[0]
    assert child.panels[2].blank == "The images differ in shape."
    child = said(example.run, {"img-real-2": small}).children[0]
    assert (child.panels[1].blank, child.panels[2].blank) == ("it is gone", "It needs both images.")


def test_the_page_has_the_section_only_where_there_are_such_images(
    example: Example, make_example: MakeExample
) -> None:
    page = example.page()
    assert "Images made from real ones</h2>" in page
    assert page.count('<li class="child') == 5
    assert "6 synthetic images were made from training images" in page
    assert "made from real ones" not in make_example().page()


def test_redacted_pages_show_no_image_that_was_made_from_a_patient(example: Example) -> None:
    page = example.page(redact_training=True, n_matches=50)
    assert "img-real-" not in page
    assert "img-person-" not in page
    shown = page.count("data:image/png")
    assert shown == 50 - 7  # every synthetic image but those of derived.parquet, whichever arm they are of
    assert page.count("Withheld: made from a real image") == 7 + 5


def test_where_nobody_knows_the_source_every_synthetic_image_is_withheld(example: Example) -> None:
    lost = replace(example.run.findings, derived=replace(SOME, n_lost=1))
    run = replace(example.run, findings=lost)
    assert made_from_real(run) == set(run.matches["synthetic_id"])
    assert made_from_real(example.run) == {f"img-drawn-{k}" for k in range(7)}


def test_what_cannot_be_told_is_said(example: Example) -> None:
    bare = replace(SOME, n_null=0, n_null_patients=0, n_lost=2, from_source=UNKNOWN, by_strategy={})
    found = said(replace(example.run, findings=replace(example.run.findings, derived=bare)), {})
    assert any("cannot be told" in sentence for sentence in found.sentences)
    assert any("2 images name a source" in sentence for sentence in found.sentences)
    assert found.rates.rows[1][2].between == "not measured"
