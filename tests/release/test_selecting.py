"""What passes is what neither the audit nor a reader speaks against."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from doppelscan.findings import Run
from doppelscan.findings.derived import DERIVED
from doppelscan.release.selecting import select

from .conftest import DRAWN, findings, matches, no_controls, nulls


def run(threshold: float | None = 1.5) -> Run:
    return Run(replace(findings(), threshold=threshold), matches(), nulls(), no_controls(), {})


def said(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["synthetic_id", "label", "control"]).assign(reader="a")


def test_what_is_flagged_or_cannot_be_judged_stays() -> None:
    selection = select(run(), DRAWN)
    assert selection.withheld == {DRAWN[0]: "unjudged"} | dict.fromkeys(DRAWN[22:], "copied")
    assert selection.passed == tuple(DRAWN[1:22])


def test_what_repeats_the_image_that_it_was_made_from_stays_though_no_match_flags_it() -> None:
    rows = {"synthetic_id": DRAWN[4:6], "arm": "train", "from_source": [False, True]}
    derived = pd.DataFrame(rows, columns=DERIVED.names)
    selection = select(replace(run(), derived=derived), DRAWN)
    assert selection.withheld[DRAWN[5]] == "copied"
    assert DRAWN[4] in selection.passed


def test_one_reader_who_says_copy_or_same_patient_outweighs_others() -> None:
    verdicts = said(
        (DRAWN[3], "copy", ""),
        (DRAWN[3], "novel", ""),
        (DRAWN[4], "same_patient", ""),
        (DRAWN[5], "novel", ""),
        (DRAWN[6], "unsure", ""),
        (DRAWN[7], "copy", "copy"),  # a control
    )
    selection = select(run(), DRAWN, verdicts=verdicts)
    assert [selection.withheld.get(DRAWN[k]) for k in range(3, 8)] == ["readers", "readers", None, None, None]


def test_ranks_of_suspicion_count_what_passes_and_the_unsure_have_not_decided() -> None:
    verdicts = said((DRAWN[21], "novel", ""), (DRAWN[20], "unsure", ""))
    selection = select(run(), DRAWN, verdicts=verdicts)
    assert DRAWN[21] not in selection.unreviewed
    assert [selection.unreviewed[DRAWN[k]] for k in (20, 19, 1)] == [2, 3, 21]


def test_a_margin_withholds_what_is_near_the_threshold_or_near_the_null_where_nothing_is_flagged() -> None:
    near = [name for name, why in select(run(), DRAWN, margin=1.2).withheld.items() if why == "margin"]
    assert near == [DRAWN[k] for k in range(1, 22) if k / 50 >= 1.5 - 1.2]
    alone = select(run(threshold=None), DRAWN, margin=0.25).withheld
    assert [name for name, why in alone.items() if why == "margin"] == [
        DRAWN[k] for k in range(1, 22) if k / 50 >= 0.6 - 0.25
    ]


def test_an_image_that_the_audit_does_not_know_stays() -> None:
    assert select(run(), [*DRAWN, "later.png"]).withheld["later.png"] == "unaudited"
