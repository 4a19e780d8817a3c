"""What passes is what neither the audit nor a reader speaks against."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from doppelscan.findings import Run
from doppelscan.findings.derived import DERIVED
from doppelscan.release.selecting import select

from .conftest import DRAWN, findings, matches, no_controls, nulls


def run(threshold: float | None = 1.5) -> Run:
    return Run(replace(findings(), threshold=threshold), matches(), nulls(), no_controls(), {})


def said(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["synthetic_id", "label", "control"])
    return table.assign(reader="a", train_id=table["synthetic_id"])


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


def controls(reader: str, *labels: str) -> pd.DataFrame:
    rows = {"synthetic_id": [f"copy-{k}" for k in range(len(labels))], "label": labels, "control": "copy"}
    return pd.DataFrame(rows).assign(reader=reader, train_id=rows["synthetic_id"])


@pytest.mark.parametrize(
    ("labels", "blind"),
    [
        (("novel", "novel", "novel", "novel"), True),
        (("novel", "copy", "novel", "copy"), True),
        (("novel", "copy", "same_patient", "unsure"), False),
        (("copy", "copy", "copy", "copy"), False),
        (("novel", "novel"), False),  # too few to tell
        ((), False),
    ],
)
def test_the_novel_of_a_reader_who_lets_half_of_the_known_copies_pass_is_no_look(
    labels: tuple[str, ...], blind: bool
) -> None:
    verdicts = pd.concat([said((DRAWN[21], "novel", "")), controls("a", *labels)])
    selection = select(run(), DRAWN, verdicts=verdicts)
    assert selection.blindly_reviewed == ({DRAWN[21]: 1} if blind else {})
    assert list(selection.blind) == (["a"] if blind else [])
    assert DRAWN[21] not in selection.unreviewed


def test_an_image_that_somebody_who_sees_has_looked_at_too_is_looked_at() -> None:
    both = said((DRAWN[21], "novel", ""), (DRAWN[20], "novel", ""), (DRAWN[19], "copy", ""))
    sees = said((DRAWN[21], "novel", "")).assign(reader="b")
    verdicts = pd.concat([both, sees, controls("a", *["novel"] * 3), controls("b", *["copy"] * 3)])
    selection = select(run(), DRAWN, verdicts=verdicts)
    assert selection.blindly_reviewed == {DRAWN[20]: 2}
    assert selection.withheld[DRAWN[19]] == "readers"  # what speaks against an image counts, whoever says it


def test_a_margin_withholds_what_is_near_the_threshold_or_near_the_null_where_nothing_is_flagged() -> None:
    near = [name for name, why in select(run(), DRAWN, margin=1.2).withheld.items() if why == "margin"]
    assert near == [DRAWN[k] for k in range(1, 22) if k / 50 >= 1.5 - 1.2]
    alone = select(run(threshold=None), DRAWN, margin=0.25).withheld
    assert [name for name, why in alone.items() if why == "margin"] == [
        DRAWN[k] for k in range(1, 22) if k / 50 >= 0.6 - 0.25
    ]


def test_an_image_that_the_audit_does_not_know_stays() -> None:
    assert select(run(), [*DRAWN, "later.png"]).withheld["later.png"] == "unaudited"
