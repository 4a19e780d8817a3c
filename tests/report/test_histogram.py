import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.report.histogram import BOTTOM, LEFT, MIDDLE, RIGHT, TOP, Histogram, Scores, histogram

anything = hnp.arrays(
    np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])
)


def drawn(
    synthetic: list[float],
    null: list[float],
    flagged: list[bool] | None = None,
    threshold: float | None = None,
) -> Histogram:
    marks = np.zeros(len(synthetic), bool) if flagged is None else np.array(flagged, bool)
    figure = histogram(
        "Best score", Scores(np.array(synthetic, float), marks, np.array(null, float), threshold)
    )
    assert figure is not None
    return figure


def n_shown(figure: Histogram, kind: str) -> int:
    return sum(
        int(bar.title.split(": ")[1].split()[0].replace(",", "")) for bar in figure.bars if bar.kind == kind
    )


def test_every_image_is_in_a_bar() -> None:
    figure = drawn([0.1, 0.2, 0.2, 0.9], [0.1, 0.3], [False, False, False, True])
    assert [n_shown(figure, kind) for kind in ("unflagged", "flagged", "null")] == [3, 1, 2]


def test_synthetic_images_rise_and_the_null_hangs() -> None:
    figure = drawn([0.1, 0.5], [0.1, 0.5])
    assert all(bar.y + bar.height == pytest.approx(MIDDLE) for bar in figure.bars if bar.kind == "unflagged")
    assert all(bar.y == MIDDLE for bar in figure.bars if bar.kind == "null")


def test_flagged_images_stand_on_the_unflagged_of_their_bar() -> None:
    below, above = drawn([0.5, 0.5], [], [False, True]).bars
    assert (below.kind, above.kind) == ("unflagged", "flagged")
    assert above.y + above.height == pytest.approx(below.y, abs=0.02)


def test_one_image_among_thousands_is_seen() -> None:
    figure = drawn([0.1] * 5000 + [0.9], [0.1] * 10)
    assert min(bar.height for bar in figure.bars) >= 3


def test_undefined_values_are_left_out_and_none_at_all_gives_no_figure() -> None:
    assert n_shown(drawn([0.1, np.nan], []), "unflagged") == 1
    assert histogram("x", Scores(np.array([np.nan]), np.array([False]), np.array([0.5]))) is None


def test_extreme_values_share_the_last_bar_and_do_not_squeeze_the_rest() -> None:
    figure = drawn([0.0, 0.1, 18.0, np.inf], [0.0, 0.1], [False, False, True, True], threshold=0.15)
    last = max(figure.bars, key=lambda bar: bar.x)
    assert figure.beyond
    assert "or more: 2 flagged" in last.title
    assert max(bar.x for bar in figure.bars if bar.kind == "null") > LEFT + 100


def test_the_threshold_is_marked_where_its_value_lies() -> None:
    figure = drawn([0.0, 1.0], [0.0, 1.0], threshold=0.5)
    assert figure.threshold is not None
    assert figure.threshold.at == (LEFT + RIGHT) / 2
    assert figure.threshold.text == "threshold 0.5"
    assert drawn([0.0, 1.0], []).threshold is None


def test_a_mark_that_nobody_set_is_called_by_its_own_name() -> None:
    scores = Scores(np.array([0.0, 1.0]), np.array([False, True]), np.array([0.5]), 1.0, "least flagged")
    figure = histogram("x", scores)
    assert figure is not None
    assert figure.threshold is not None
    assert figure.threshold.text == "least flagged 1"
    assert "Least flagged: 1." in figure.description


def test_the_description_says_in_words_what_the_picture_shows() -> None:
    told = drawn([0.1, 0.3], [0.2], [False, True], threshold=0.25).description
    assert "2 synthetic images, 1 flagged" in told
    assert "Null of 1 real image" in told
    assert "Threshold: 0.25." in told


@given(anything, anything, st.none() | st.floats(-10, 10))
def test_all_marks_stay_in_the_frame(
    synthetic: np.ndarray, null: np.ndarray, threshold: float | None
) -> None:
    figure = histogram("x", Scores(synthetic, np.zeros(len(synthetic), bool), null, threshold))
    if figure is None:
        assert np.isnan(synthetic).all()
        return
    assert n_shown(figure, "unflagged") == int((~np.isnan(synthetic)).sum())
    for bar in figure.bars:
        assert bar.x >= LEFT
        assert bar.x + bar.width <= RIGHT
        assert bar.y >= TOP - 3.1
        assert bar.y + bar.height <= BOTTOM + 3.1
    assert all(LEFT <= tick.at <= RIGHT for tick in figure.x_ticks)
    assert all(TOP <= tick.at <= BOTTOM for tick in figure.y_ticks)
