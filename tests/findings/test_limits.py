"""Whether the copied share is within a limit is said by its upper end, and what it takes to show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doppelscan.estimates import Estimate
from doppelscan.findings.limits import copied_above
from doppelscan.statistics import binomial

from .test_findings import some_findings


def test_within_the_limit_nothing_is_said_and_beyond_it_the_upper_end_is() -> None:
    found = replace(some_findings(), copied=Estimate(0.06, 0.022, 0.126, 100), n_synthetic=100)
    assert copied_above(found, 0.126) == ""
    assert copied_above(found, 0.05) == "copied is 6.0% (2.2% to 12.6%): its upper limit is above 0.05"


@pytest.mark.parametrize("limit", [0.5, 0.05, 0.01])
def test_so_many_images_as_it_names_suffice_without_a_copy_and_one_fewer_does_not(limit: float) -> None:
    few = replace(some_findings(), copied=Estimate(0.0, 0.0, 1.0, 2), n_synthetic=2)
    said = copied_above(few, limit)
    n = int(said.rpartition("that takes ")[2].split()[0])
    assert binomial(0, n).high <= limit < binomial(0, n - 1).high
