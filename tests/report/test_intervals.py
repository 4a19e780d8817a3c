from hypothesis import given
from hypothesis import strategies as st

from doppelscan.estimates import Estimate
from doppelscan.report.intervals import Interval, ceiling, interval


def test_the_axis_ends_at_the_least_round_share_above_all() -> None:
    assert ceiling([Estimate(0.01, 0.0, 0.03, 5), Estimate(0.02, 0.0, 0.06, 5)]) == 0.1
    assert ceiling([Estimate(0.9, 0.8, 0.95, 5)]) == 1


def test_unknown_rates_do_not_stretch_the_axis() -> None:
    assert ceiling([Estimate(0.001, 0.0, 0.004, 5), Estimate.unknown()]) == 0.01
    assert ceiling([Estimate.unknown()]) == 1


def test_an_interval_is_drawn_in_percent_of_the_axis() -> None:
    assert interval(Estimate(0.05, 0.02, 0.1, 5), 0.2) == Interval(10.0, 25.0, 50.0)


def test_an_unknown_rate_is_not_drawn() -> None:
    assert interval(Estimate.unknown(), 1.0) is None


@given(st.lists(st.floats(-1.0, 2.0), min_size=3, max_size=3).map(sorted), st.sampled_from([0.01, 0.5, 1.0]))
def test_marks_never_leave_the_axis(ends: list[float], end: float) -> None:
    drawn = interval(Estimate(ends[1], ends[0], ends[2], 1), end)
    assert drawn is not None
    assert 0 <= drawn.low <= drawn.value <= drawn.high <= 100
