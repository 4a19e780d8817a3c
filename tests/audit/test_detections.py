"""Detections are what plain loops make of the same rows, and what they must be where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from doppelscan.audit.detections import detections
from doppelscan.findings.power import ALL, Detection
from doppelscan.seeds import stream


def rows(
    transform: str = "noise", fraction: float = 1.0, *, gain: float = 0.0, n: int = 50, **given: object
) -> pd.DataFrame:
    """n copies, whose statistic is larger by `gain`, and n novel images; of a patient each, half of them named."""
    chance = stream(0, transform, str(fraction))
    statistic = chance.normal(size=2 * n) + gain * (np.arange(2 * n) < n)
    table = pd.DataFrame(
        {
            "method": "pearson",
            "list": "standard",
            "transform": transform,
            "unit": "a share",
            "fraction": fraction,
            "strength": 0.0 if math.isnan(fraction) else 0.2 * fraction,
            "arm": ["copy"] * n + ["novel"] * n,
            "patient_number": np.arange(2 * n),
            "statistic": statistic,
            "named": (np.arange(2 * n) % 2 == 0) & (np.arange(2 * n) < n),
            "overlap": math.nan,
        }
    )
    return table.assign(**given)


def by_place(found: tuple[Detection, ...]) -> dict[tuple[str, float | None], Detection]:
    return {(one.transform, one.fraction): one for one in found}


def threshold_in_loops(novel: pd.DataFrame, share: float) -> float:
    """The lowest statistic that at most this share of the patients is above, images of one sharing its weight."""
    n_images = novel["patient_number"].value_counts()
    for candidate in sorted(novel["statistic"]):
        above = sum(
            1 / n_images[row["patient_number"]] for _, row in novel.iterrows() if row["statistic"] > candidate
        )
        if above <= share * len(n_images) + 1e-9:
            return float(candidate)
    raise AssertionError


def test_every_number_is_that_of_plain_loops() -> None:
    parts = (rows(gain=2, n=20), rows("blur", gain=1, n=20), rows("noise", 2.0, gain=0.5, n=20))
    table = pd.concat(parts, ignore_index=True)
    novel = table[table["arm"] == "novel"]
    found = by_place(detections(table))
    one = found["blur", 1.0]
    mine = table[table["transform"] == "blur"]
    copies, alike = mine[mine["arm"] == "copy"], mine[mine["arm"] == "novel"]
    at = {share: threshold_in_loops(novel, share) for share in (0.01, 0.05)}
    hits = [row for _, row in copies.iterrows() if row["statistic"] > at[0.01]]
    assert one.sensitivity_at_1_percent.value == pytest.approx(len(hits) / 20)
    assert one.sensitivity_at_5_percent.value == pytest.approx(np.mean(copies["statistic"] > at[0.05]))
    assert one.false_alarms_at_1_percent.value == pytest.approx(np.mean(alike["statistic"] > at[0.01]))
    assert one.auc.value == pytest.approx(
        np.mean([c > n for c in copies["statistic"] for n in alike["statistic"]])
    )
    assert one.named.value == 0.5
    assert one.precision.value == pytest.approx(np.mean([row["named"] for row in hits]))
    assert (one.n_copies, one.n_novel, one.strength, one.unit) == (20, 20, 0.2, "a share")


def test_all_of_a_list_are_counted_together_at_each_strength() -> None:
    table = pd.concat(
        [rows("exact", math.nan, gain=9), rows("noise", 1.0, gain=9), rows("noise", 2.0, gain=-9)],
        ignore_index=True,
    )
    found = by_place(detections(table))
    assert list(found) == [("exact", None), ("noise", 1.0), ("noise", 2.0), (ALL, 1.0), (ALL, 2.0)]
    assert found[ALL, 1.0].sensitivity_at_1_percent.value == 1
    assert found[ALL, 2.0].sensitivity_at_1_percent.value == 0.5
    assert found[ALL, 2.0].n_copies == 100
    assert found[ALL, 2.0].strength is None


def test_a_single_transform_is_not_told_twice() -> None:
    assert [one.transform for one in detections(rows())] == ["noise"]


def test_methods_and_lists_have_thresholds_of_their_own() -> None:
    quiet = rows(gain=3)
    loud = rows(gain=3, method="contrastive").assign(statistic=lambda table: table["statistic"] * 100)
    hard = rows("crop", gain=3, list="hard").assign(statistic=lambda table: table["statistic"] + 1000)
    alone = [*detections(quiet), *detections(loud), *detections(hard)]
    assert list(detections(pd.concat([quiet, loud, hard], ignore_index=True))) == alone


def test_copies_apart_from_all_else_are_all_found_and_the_interval_has_width() -> None:
    (one,) = detections(rows(gain=100))
    assert one.sensitivity_at_1_percent.value == one.auc.value == 1
    assert 0.9 < one.sensitivity_at_1_percent.low < 1
    assert one.false_alarms_at_1_percent.value == 0


def test_copies_like_all_else_are_found_as_often_as_false_alarms() -> None:
    (one,) = detections(rows(n=2000))
    assert one.sensitivity_at_5_percent.low < 0.05 < one.sensitivity_at_5_percent.high
    assert one.auc.low < 0.5 < one.auc.high


def test_outlined_are_the_found_whose_part_is_outlined_of_all_copies() -> None:
    parts = rows("quarter", gain=2, list="parts")
    overlap = np.where(parts["arm"] == "copy", np.arange(100) % 3 / 2, math.nan)  # 0, 0.5 or 1
    (one,) = detections(parts.assign(overlap=overlap))
    threshold = threshold_in_loops(parts[parts["arm"] == "novel"], 0.01)
    outlined = [
        row["statistic"] > threshold and at > 0.5
        for at, (_, row) in zip(overlap[:50], parts[:50].iterrows(), strict=True)
    ]
    assert one.outlined.value == pytest.approx(np.mean(outlined))
    assert 0 < one.outlined.value < one.sensitivity_at_1_percent.value


def test_of_whole_copies_nothing_is_said_to_be_outlined() -> None:
    (one,) = detections(rows(gain=9))
    assert not one.outlined.known


def test_an_undefined_statistic_is_never_found() -> None:
    (one,) = detections(rows(gain=9).assign(statistic=lambda t: t["statistic"].where(t["arm"] == "novel")))
    assert one.sensitivity_at_1_percent.value == 0
    assert not one.precision.known
