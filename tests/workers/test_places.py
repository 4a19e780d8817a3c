"""Who does what is mapped: this process, or machines that take it."""

from __future__ import annotations

import pickle

import pytest

from chores import double
from doppelscan.errors import DoppelscanError, FormatError, InputError, MissingExtra, Problem, ReleaseBlocked
from doppelscan.workers import (
    ONE_CORE,
    Needs,
    elsewhere,
    map_ordered,
    on_ray,
    processes_kept,
    stationed,
)
from doppelscan.workers.places import cluster, taken_by
from loopback import Loopback


def test_a_cluster_takes_what_is_mapped_and_no_longer() -> None:
    machines = Loopback()
    with taken_by(machines), processes_kept(2):
        assert elsewhere() == 3
        assert list(map_ordered(double, range(5), workers=2, needs=Needs(3))) == [0, 2, 4, 6, 8]
    assert (machines.needed, elsewhere(), cluster()) == ([Needs(3)], 0, None)


def test_what_is_for_one_worker_stays_in_this_process() -> None:
    machines = Loopback()
    with taken_by(machines):
        assert list(map_ordered(double, range(3), workers=1)) == [0, 2, 4]
    assert machines.needed == []


def test_a_cluster_that_ends_in_an_error_takes_nothing_any_more() -> None:
    with pytest.raises(ValueError, match="over"), taken_by(Loopback()):
        raise ValueError("over")
    assert cluster() is None


def test_without_an_address_this_machine_does_it() -> None:
    with on_ray(None):
        assert elsewhere() == 0


def test_an_item_tours_all_stations_and_takes_along_what_was_found() -> None:
    stations = stationed(double, [1, 10, 100], needs=ONE_CORE)
    told = ["a", "b", "c"]
    tours = list(stations.toured(_with, [5, 6], beside=told))
    assert tours == [["2a5", "20b5", "200c5"], ["2a6", "20b6", "200c6"]]


def _with(held: int, told: str, item: int, found: list[str] | None) -> list[str]:
    return [*(found or []), f"{held}{told}{item}"]


@pytest.mark.parametrize(
    "error",
    [
        InputError([Problem("is empty", where="a.png"), Problem("is odd", cure="mend it")]),
        FormatError(Problem("is damaged")),
        MissingExtra("ray", "ray", "a cluster"),
        ReleaseBlocked(["one", "two"], ("first", "second")),
    ],
)
def test_an_error_of_a_worker_arrives_as_it_was(error: DoppelscanError) -> None:
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))
