"""What Ray is held against does what Ray's workers do, in processes of its own."""

from __future__ import annotations

import os

import numpy as np
import pytest

from chores import held_of, holder, visit
from doppelscan.search import ArrayBlocks, Kept, nearest, spread
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import elsewhere, stationed
from doppelscan.workers.places import taken_by
from local_stations import LocalStations


def test_items_tour_processes_that_stay() -> None:
    with taken_by(LocalStations(3)):
        assert elsewhere() == 3
        stations = stationed(held_of, [0, 1, 2])
        tours = list(stations.toured(visit, range(5), beside=["", "", ""]))
        (where,) = stationed(held_of, [1]).toured(holder, [0], beside=[""])
    assert tours == [{part: str(item) for part in range(3)} for item in range(5)]
    assert where.keys() == {1}
    assert where[1] != os.getpid()


@pytest.mark.slow
def test_a_search_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, asked = stream(0, "noise"), {"resources": Resources(memory=2**28, workers=1, device="cpu")}
    references, queries = (chance.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8) for n in (600, 90))
    alone = nearest(queries, references, 2, **asked)
    monkeypatch.setattr(spread, "WORTH_A_LOOK", 0)
    with taken_by(LocalStations(2)):
        kept = Kept(ArrayBlocks(references))
        for _ in range(2):
            found = nearest(queries, kept, 2, **asked)
            np.testing.assert_array_equal(found.indices, alone.indices)
            np.testing.assert_array_equal(found.scores, alone.scores)
