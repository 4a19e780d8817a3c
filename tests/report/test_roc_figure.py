"""The curves are those of plain loops, and the picture is the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from doppelscan.findings.membership import WITHOUT_MODEL, write_membership
from doppelscan.report import roc_figure, write_roc_figure
from doppelscan.report.roc_figure import by_patient, roc

from .membership_runs import inferred, scores

TORCHLESS = """
import sys
import doppelscan.report
assert "matplotlib" not in sys.modules
doppelscan.report.write_membership_page(__import__("pathlib").Path(sys.argv[1]))
print("torch" in sys.modules)
"""

ranked = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=20).filter(
    lambda rows: len({member for _, member in rows}) == 2
)


@given(ranked)
def test_the_curve_is_what_plain_loops_count(rows: list[tuple[int, bool]]) -> None:
    score, member = (np.array(column) for column in zip(*rows, strict=True))
    wrong, found = roc(score.astype(float), member)
    thresholds = sorted(set(score), reverse=True)
    assert wrong.tolist() == [0, *(float(np.mean(score[~member] >= t)) for t in thresholds)]
    assert found.tolist() == [0, *(float(np.mean(score[member] >= t)) for t in thresholds)]


def test_a_patient_counts_by_the_mean_of_the_images_and_a_nameless_image_alone() -> None:
    table = pd.DataFrame(
        {
            "attack": ["a"] * 5,
            "image_id": list("uvwxy"),
            "patient": ["p", "p", None, None, "p"],
            "member": [True, True, True, True, False],
            "score": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    assert by_patient(table)["score"].tolist() == [1.5, 3.0, 4.0, 5.0]


def test_every_attack_is_drawn_on_log_scales_and_the_classifier_without_model_dashed() -> None:
    figure = roc_figure(inferred(), scores())
    for axes in figure.axes:
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        lines = {line.get_label(): line for line in axes.lines}
        assert set(lines) == {"chance", "without model", "distance", "samples"}
        assert lines["without model"].get_linestyle() == "--"
        mine = scores().query("attack == 'samples'")
        rows = mine if axes.get_title() == "by image" else by_patient(mine)
        wrong, found = roc(rows["score"].to_numpy(), rows["member"].to_numpy(bool))
        np.testing.assert_allclose(lines["samples"].get_xdata()[wrong > 0.1], wrong[wrong > 0.1])
        np.testing.assert_allclose(lines["samples"].get_ydata()[found > 0], found[found > 0])
    assert {WITHOUT_MODEL} < set(scores()["attack"])


def test_the_figure_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    write_membership(tmp_path, inferred(), scores())
    assert write_roc_figure(tmp_path) == tmp_path / "roc.svg"
    first = [(tmp_path / f"roc.{kind}").read_bytes() for kind in ("svg", "png")]
    write_roc_figure(tmp_path)
    assert [(tmp_path / f"roc.{kind}").read_bytes() for kind in ("svg", "png")] == first
    with Pillow.open(tmp_path / "roc.png") as picture:
        assert picture.size[0] > 1000


def test_page_and_figure_need_no_torch(tmp_path: Path) -> None:
    write_membership(tmp_path, inferred(), scores())
    command = [sys.executable, "-c", TORCHLESS, str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "False"
