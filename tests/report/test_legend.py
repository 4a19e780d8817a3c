"""Every word beside a number of the page is explained for the audit at hand."""

from dataclasses import replace

import pytest

from doppelscan.report.legend import flagged_from, legend, statistic_named


@pytest.mark.parametrize(
    ("method", "statistic", "axis", "meaning"),
    [
        ("registered", "furthest", "Statistic: steps beyond the ordinary", "one stranger in twenty"),
        (
            "pearson",
            "margin",
            "Statistic: margin over held-out images",
            "than its best match among held-out ones",
        ),
        ("contrastive", "z", "Statistic: best score, as Fisher's z", "without a holdout"),
    ],
)
def test_a_statistic_is_named_and_explained(
    make_example, method: str, statistic: str, axis: str, meaning: str
) -> None:
    findings = replace(make_example(copies=2).run.findings, method=method, statistic=statistic)
    told = dict(legend(findings))
    assert statistic_named(statistic) == axis
    assert meaning in told["statistic"]
    assert list(told) == ["score", "statistic", "least flagged", "p-value", "q-value"]


def test_what_was_set_is_a_threshold_and_what_was_found_is_not(make_example) -> None:
    findings = make_example(copies=2).run.findings
    assert flagged_from(findings) == "least flagged"
    fixed = replace(findings, calibration="fixed", statistic="score", threshold=0.9)
    assert flagged_from(fixed) == "threshold"
    assert list(dict(legend(fixed))) == ["score", "threshold", "p-value"]


def test_where_nothing_is_flagged_there_is_no_least(make_example) -> None:
    assert "least flagged" not in dict(legend(make_example().run.findings))
