"""The figure shows every detection where it is, and is the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image as Pillow

from doppelscan.errors import FormatError
from doppelscan.estimates import Estimate
from doppelscan.findings.power import ALL, PLANTED, Detection, Power, write_power
from doppelscan.report import power_figure, write_power_figure

TORCHLESS = """
import sys
import doppelscan.report
assert "matplotlib" not in sys.modules
doppelscan.report.write_power_figure(__import__("pathlib").Path(sys.argv[1]))
print("torch" in sys.modules)
"""


def found(
    transform: str, fraction: float | None, value: float, *, method: str = "pearson", list_: str = "standard"
) -> Detection:
    rate = Estimate(value, max(value - 0.1, 0), min(value + 0.1, 1), 50)
    return Detection(
        method=method,
        list=list_,
        transform=transform,
        unit="a share of something that has a long name",
        fraction=fraction,
        strength=None if transform == ALL else 15 * (fraction or 1),
        n_copies=50,
        n_novel=50,
        sensitivity_at_1_percent=rate,
        sensitivity_at_5_percent=rate,
        false_alarms_at_1_percent=rate,
        auc=rate,
        named=rate,
        precision=rate,
        outlined=Estimate(value / 2, 0.0, 1.0, 50) if list_ == "parts" else Estimate.unknown(),
    )


def measured(*methods: str, lists: tuple[str, ...] = ("standard",)) -> Power:
    """Detections of a rotation at two strengths, a flip, and all of them."""
    places = [
        ("rotation", 0.5, 0.9),
        ("rotation", 1.0, 0.4),
        ("flip", None, 0.1),
        (ALL, 0.5, 0.5),
        (ALL, 1.0, 0.3),
    ]
    detections = [
        found(name, fraction, value / (1 + nth), method=method, list_=listed)
        for nth, method in enumerate(methods)
        for listed in lists
        for name, fraction, value in places
    ]
    return Power(20, 10, 9, 9, False, True, 8, 8, tuple(detections), (), {})


def panels(power: Power) -> dict[str, Axes]:
    shown = [axes for axes in power_figure(power).axes if axes.axison]
    return {axes.get_title(): axes for axes in shown}


def test_there_is_a_panel_for_each_transform_and_one_for_all() -> None:
    assert list(panels(measured("pearson"))) == ["standard list, all", "rotation", "flip"]


def test_a_line_of_each_method_goes_through_its_rates() -> None:
    lines = {line.get_label(): line for line in panels(measured("pearson", "contrastive"))["rotation"].lines}
    for method, values in (("pearson", [0.9, 0.4]), ("contrastive", [0.45, 0.2])):
        np.testing.assert_allclose(lines[method].get_xydata(), [[0.5, values[0]], [1.0, values[1]]])
    assert lines["pearson"].get_color() != lines["contrastive"].get_color()
    assert lines["pearson"].get_marker() != lines["contrastive"].get_marker()


def test_bands_are_the_intervals() -> None:
    (band,) = panels(measured("pearson"))["rotation"].collections
    corners = {(x, round(y, 6)) for x, y in band.get_paths()[0].vertices}
    assert {(0.5, 0.8), (0.5, 1.0), (1.0, 0.3), (1.0, 0.5)} <= corners


def test_outlined_parts_are_dashed_and_whole_copies_have_no_such_line() -> None:
    power = measured("pearson", lists=("parts",))
    dashed = [line for line in panels(power)["rotation"].lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(dashed[0].get_xydata(), [[0.5, 0.45], [1.0, 0.2]])
    assert "dashed" in power_figure(power).legends[0].get_title().get_text()
    whole = measured("pearson")
    assert [line for line in panels(whole)["rotation"].lines if line.get_linestyle() == "--"] == []
    assert "dashed" not in power_figure(whole).legends[0].get_title().get_text()


def test_strengths_are_told_in_their_own_unit() -> None:
    shown = panels(measured("pearson"))
    assert [label.get_text() for label in shown["rotation"].get_xticklabels()] == ["7.5", "15"]
    assert [label.get_text() for label in shown["standard list, all"].get_xticklabels()] == ["0.5×", "1×"]
    assert shown["flip"].get_xticklabels() == []
    assert shown["rotation"].get_xlabel().replace("\n", " ") == "a share of something that has a long name"


def test_methods_are_named_once_and_lists_begin_rows() -> None:
    power = measured("pearson", "contrastive", "registered", lists=("standard", "hard", "parts"))
    figure = power_figure(power)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["pearson", "contrastive", "registered"]
    assert [axes.get_title() for axes in figure.axes[::4]] == [
        f"{name} list, all" for name in ("standard", "hard", "parts")
    ]


def test_a_single_detection_is_drawn() -> None:
    alone = replace(measured("pearson"), detections=(found("flip", None, 0.0),))
    assert list(panels(alone)) == ["flip"]


def test_both_files_are_written_and_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    write_power(tmp_path, measured("pearson"), pd.DataFrame(columns=PLANTED.names))
    assert write_power_figure(tmp_path) == tmp_path / "power.svg"
    first = [(tmp_path / f"power.{kind}").read_bytes() for kind in ("svg", "png")]
    write_power_figure(tmp_path)
    assert [(tmp_path / f"power.{kind}").read_bytes() for kind in ("svg", "png")] == first
    with Pillow.open(tmp_path / "power.png") as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert {path.name for path in tmp_path.iterdir()} == {
        "power.json",
        "power.parquet",
        "power.svg",
        "power.png",
    }


def test_drawing_imports_no_torch(tmp_path: Path) -> None:
    write_power(tmp_path, measured("pearson"), pd.DataFrame(columns=PLANTED.names))
    done = subprocess.run(
        [sys.executable, "-c", TORCHLESS, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_without_numbers_there_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"power\.json"):
        write_power_figure(tmp_path)


def test_a_figure_shows_itself_as_a_picture() -> None:
    assert power_figure(measured("pearson"))._repr_png_().startswith(b"\x89PNG")
