"""The page says what was found, each number with its interval, and nothing more where nothing is concluded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doppelscan.errors import FormatError
from doppelscan.findings.membership import Membership, write_membership
from doppelscan.report import membership_sentence, write_membership_page
from doppelscan.report.membership_page import membership_verdict

from .membership_runs import inferred, scores


def page(folder: Path, found: Membership) -> str:
    write_membership(folder, found, scores())
    return write_membership_page(folder).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (
            inferred(0.75),
            "found",
            "Training patients are told from others: AUC by patient 0.750 (0.700 to 0.800)",
        ),
        (inferred(0.52), "clear", "were not told from others: AUC by patient 0.520 (0.470 to 0.570)"),
        (inferred(0.55, 0.2), "open", "an AUC of up to 0.750 is not ruled out"),
        (inferred(0.3), "open", "training and holdout exchanged"),
        (inferred(0.9, p_value=0.002), "open", "The sets differ by construction"),
    ],
    ids=["leak", "none seen", "too few", "upside down", "no conclusion"],
)
def test_the_verdict_is_what_the_interval_allows(found: Membership, state: str, said: str) -> None:
    assert membership_verdict(found).state == state
    assert said in membership_sentence(found)


def test_where_the_sets_differ_the_area_is_shown_as_explained_by_that(tmp_path: Path) -> None:
    said = page(tmp_path, inferred(0.9, p_value=0.002))
    assert "explained by the sets" in said
    assert "No conclusion" in said
    assert "0.900" in said
    assert "are told from others" not in said


def test_every_number_stands_beside_its_interval(tmp_path: Path) -> None:
    said = page(tmp_path, inferred())
    cells = re.findall(r'<span class="value">(.*?)</span> <span class="between">(.*?)</span>', said)
    assert len(cells) == 2 * 2 * 3
    assert set(cells) == {("0.750", "0.700 to 0.800"), ("12.3%", "4.4% to 32.1%"), ("–", "too few to say")}
    assert "0.512 (0.442 to 0.582); p = 0.4" in said


def test_the_page_is_one_file_that_runs_nothing(tmp_path: Path) -> None:
    said = page(tmp_path, inferred())
    assert "<script" not in said
    assert "style=" not in said  # the policy forbids it
    assert re.findall(r'(?:src|href)="(?!data:)([^"]*)"', said) == []
    assert "Mind the &lt;gap&gt;." in said


def test_a_folder_without_a_conclusion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"membership\.json"):
        write_membership_page(tmp_path)
