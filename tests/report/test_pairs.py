import math

import numpy as np
import pandas as pd

from doppelscan.findings import read_run
from doppelscan.report.pairs import best_pairs


def table(rows: list[dict[str, object]]) -> pd.DataFrame:
    usual = {
        "rank": 1,
        "train_id": "t",
        "patient": "p",
        "score": 0.5,
        "statistic": 0.0,
        "p_value": 0.5,
        "p_kind": "rank",
        "q_value": 0.9,
    }
    return pd.DataFrame([usual | {"copied": False} | row for row in rows])


def test_flagged_pairs_come_first_then_small_p_then_large_statistic() -> None:
    rows = table(
        [
            {"synthetic_id": "plain", "p_value": 0.01},
            {"synthetic_id": "flagged late", "copied": True, "p_value": 0.04},
            {"synthetic_id": "flagged", "copied": True, "p_value": 0.02, "statistic": 1.0},
            {"synthetic_id": "flagged more", "copied": True, "p_value": 0.02, "statistic": 2.0},
        ]
    )
    assert [pair.synthetic_id for pair in best_pairs(rows)] == [
        "flagged more",
        "flagged",
        "flagged late",
        "plain",
    ]


def test_further_ranks_are_left_out() -> None:
    rows = table([{"synthetic_id": "a"}, {"synthetic_id": "a", "rank": 2, "train_id": "second"}])
    assert [pair.train_id for pair in best_pairs(rows)] == ["t"]


def test_what_is_unknown_is_none_and_what_is_undefined_is_nan() -> None:
    rows = table([{"synthetic_id": "a", "train_id": None, "patient": np.nan, "score": np.nan}])
    (pair,) = best_pairs(rows)
    assert (pair.train_id, pair.patient) == (None, None)
    assert math.isnan(pair.score)


def test_rows_read_from_disk_are_plain_values(make_example) -> None:
    pairs = best_pairs(read_run(make_example(n=5, copies=2).folder).matches)
    assert [type(field) for field in vars(pairs[0]).values()] == [
        str,
        str,
        str,
        float,
        float,
        float,
        str,
        float,
        bool,
    ]
    assert [pair.copied for pair in pairs] == [True, True, False, False, False]
