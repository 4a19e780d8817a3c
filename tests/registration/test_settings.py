"""Settings that make no sense are refused, all at once."""

from __future__ import annotations

import json

import pytest

from doppelscan.errors import InputError
from doppelscan.registration import AlignmentSettings


def test_every_problem_is_named() -> None:
    with pytest.raises(InputError) as caught:
        AlignmentSettings(side=4, bending=0.0, left_out=1.0, zooms=(0.0,))
    assert [problem.where for problem in caught.value.problems] == [
        "side",
        "zooms",
        "bending",
        "left_out",
    ]


def test_sizes_depend_on_the_number_of_axes_unless_given() -> None:
    assert [AlignmentSettings().side_of(n) for n in (2, 3)] == [64, 32]
    assert AlignmentSettings(side=48, n_controls=4).side_of(3) == 48
    assert [AlignmentSettings().controls_of(n) for n in (2, 3)] == [6, 5]


def test_settings_are_plain_values() -> None:
    assert json.loads(json.dumps(AlignmentSettings().to_json()))["poses"] == "mirrored"
