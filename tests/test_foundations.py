"""Errors, estimates, seeds, settings, the public names."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import doppelscan
from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.estimates import Estimate
from doppelscan.seeds import parse_seeds, stream
from doppelscan.settings import Resources, free_memory, parse_memory


def test_an_input_error_names_every_problem_with_place_and_cure() -> None:
    error = InputError([Problem("is empty", where="a.png"), Problem("is odd", cure="mend it")])
    assert str(error) == "a.png: is empty\nis odd (mend it)"


@pytest.mark.parametrize(
    "error",
    [InputError([Problem("is odd", where="a.png"), Problem("b")]), MissingExtra("x", "review", "to read")],
)
def test_an_error_comes_out_of_a_child_process_as_it_was(error: InputError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - it is ours
    assert (type(again), again.problems, str(again)) == (type(error), error.problems, str(error))


def test_a_missing_extra_names_the_extra() -> None:
    assert "doppelscan[ray]" in str(MissingExtra("ray", "ray", "a cluster"))


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_an_estimate_survives_json(value: float, n: int) -> None:
    estimate = Estimate(value, 0.0, 1.0, n)
    assert Estimate.from_json(estimate.to_json()) == estimate


def test_limits_that_are_not_finite_survive_json() -> None:
    estimate = Estimate(3.0, float("-inf"), float("inf"), 7)
    assert json.loads(json.dumps(estimate.to_json(), allow_nan=False))["high"] is None
    assert Estimate.from_json(estimate.to_json()) == estimate


def test_an_unknown_estimate_is_null_in_json_and_says_so() -> None:
    assert Estimate.unknown().to_json() == {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    assert not Estimate.from_json(Estimate.unknown().to_json()).known
    assert Estimate.unknown().percent() == "unknown"
    assert Estimate(0.012, 0.006, 0.021, 1000).percent() == "1.2% (0.60% to 2.1%)"


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    first = stream(0, "patient", 3).random(4)
    stream(0, "patient", 4).random(9)
    assert stream(0, "patient", 3).random(4).tolist() == first.tolist()
    assert (
        stream(1, "patient", 3).random()
        != stream(0, "patient", 3).random()
        != stream(0, "patient", "3").random()
    )


def test_seeds_include_both_ends() -> None:
    assert list(parse_seeds("7-9")) == [7, 8, 9]
    assert list(parse_seeds("4")) == [4]


@pytest.mark.parametrize("text", ["", "a-b", "9-7", "1-2-3", "-1"])
def test_seeds_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="seeds"):
        parse_seeds(text)


@pytest.mark.parametrize(("text", "n"), [("1", 1), ("2GB", 2**31), ("512 MiB", 2**29), ("1.5k", 1536)])
def test_memory_is_read_as_people_write_it(text: str, n: int) -> None:
    assert parse_memory(text) == n


@given(st.text(max_size=8))
def test_memory_of_any_text_is_an_amount_or_an_input_error(text: str) -> None:
    try:
        assert parse_memory(text) >= 0
    except InputError as error:
        assert "--memory" in str(error)  # noqa: PT017 - either outcome is right


def test_the_default_budget_is_half_of_what_is_free() -> None:
    assert 0 < Resources().memory <= free_memory()


def test_the_public_names_are_these() -> None:
    assert doppelscan.__all__ == ["Estimate", "Findings", "ImageSet", "open_images"]
    for name in doppelscan.__all__:
        assert getattr(doppelscan, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = doppelscan.nonsense  # type: ignore[attr-defined]


def test_importing_doppelscan_and_its_reports_needs_no_torch() -> None:
    code = "import sys, doppelscan.report, doppelscan.imagesets; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


_FREEING = """
import sys
from pathlib import Path
from doppelscan.settings import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) / 2**8

if sys.argv[1] == "told":
    give_back_memory()
for n in (10, 20, 30):
    del (held := {"once": bytearray(n * 2**20)})["once"]
held = [(bytearray(b"x" * 8 * 2**20), bytearray(b"x" * 1000)) for _ in range(12)]
before = resident()
kept = [small for _, small in held]
del held
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library is told where it is glibc")
def test_what_is_freed_in_large_blocks_goes_back_to_the_system_where_that_is_asked_for() -> None:
    told, untold = (
        float(subprocess.run([sys.executable, "-c", _FREEING, how], check=True, capture_output=True).stdout)
        for how in ("told", "not told")
    )
    assert told > 90 > untold  # of 96 MB
