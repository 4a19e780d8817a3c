"""Does a search over parts of the references find what one process finds, whatever the order of the visits?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doppelscan.search import ArrayBlocks, Kept, Symmetries, choosing, improving, nearest, spread
from doppelscan.search.plan import Plan
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import Needs
from doppelscan.workers.places import taken_by
from loopback import Loopback

from .sets import two_sets

AMPLE = Resources(memory=2**28, workers=1, device="cpu")


@pytest.fixture(autouse=True)
def small_searches_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "WORTH_A_LOOK", 0)
    monkeypatch.setattr(spread, "_LEAST", 1)
    monkeypatch.setattr(spread, "_QUERIES", (1, 4))


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sets=two_sets(),
    k=st.integers(1, 5),
    n_parts=st.integers(1, 5),
    symmetries=st.sampled_from(["none", "flips"]),
    grouped=st.booleans(),
)
def test_parts_give_what_one_process_gives(
    sets: tuple[np.ndarray, np.ndarray], k: int, n_parts: int, symmetries: Symmetries, grouped: bool
) -> None:
    groups = tuple(np.arange(len(images)) % 3 for images in sets) if grouped else None
    asked: dict[str, Any] = {"exclude": groups, "symmetries": symmetries, "resources": AMPLE}
    alone = nearest(*sets, k, **asked)
    with taken_by(Loopback(n_parts)):
        together = nearest(*sets, k, **asked)
    for of in ("indices", "scores", "poses"):
        np.testing.assert_array_equal(getattr(alone, of), getattr(together, of))


def _films(n: int, seed: int) -> np.ndarray:
    """Smooth pictures in 8 bits, of which many are much alike."""
    rng = stream(seed, "films")
    waves = np.sin(np.linspace(0, 3, 256).reshape(16, 16) * np.arange(1, 9)[:, None, None])
    mixed = np.tensordot(rng.normal(size=(n, 8)), waves, 1) * 20 + rng.normal(size=(n, 16, 16)) * 4
    return (mixed + 128).clip(0, 255).astype(np.uint8)[:, None]


def test_what_is_found_in_one_part_is_a_bound_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of all queries lie in one part; queries that have been there leave few pairs to score elsewhere."""
    references = _films(300, 0)
    queries = references[:40]
    scored: list[int] = []
    scores_of = improving.scores_of

    def counted(candidates: Any, *rest: Any) -> Any:
        scored.append(len(candidates))
        return scores_of(candidates, *rest)

    monkeypatch.setattr(improving, "scores_of", counted)
    monkeypatch.setattr(spread, "_QUERIES", (40, 40))
    with taken_by(Loopback(3)):
        found = nearest(queries, references, resources=AMPLE)
    assert (found.indices[:, 0] == np.arange(40)).all()
    assert scored[0] >= 40
    assert scored[1:] == [0, 0], "no pair of another part reaches a correlation of 1"


def test_bands_are_chosen_once_and_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "WORTH_A_LOOK", 0)
    references, queries = _films(400, 0), _films(30, 1)
    alone = nearest(queries, references, 3, resources=AMPLE)
    machines = Loopback(2)
    with taken_by(machines):
        kept = Kept(ArrayBlocks(references))
        first, again = (nearest(queries, kept, 3, resources=AMPLE) for _ in range(2))
    for found in (first, again):
        np.testing.assert_array_equal(found.indices, alone.indices)
        np.testing.assert_array_equal(found.scores, alone.scores)
    plans = [part.plan for part in machines.parts]  # type: ignore[attr-defined]
    assert len(plans) == 2, "parts stay where they are from one search to the next"
    assert plans[0].bands is plans[1].bands


def test_small_searches_stay_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "WORTH_A_LOOK", np.inf)
    machines = Loopback(2)
    with taken_by(machines):
        nearest(_films(3, 0), _films(9, 1), resources=AMPLE)
    assert machines.parts == []


@pytest.mark.parametrize(("gpus", "n_parts"), [(2, 2), (0, 1)])
def test_on_gpus_there_is_a_part_for_each(monkeypatch: pytest.MonkeyPatch, gpus: int, n_parts: int) -> None:
    """With more parts than GPUs some would wait for one for ever."""
    queries, references = ArrayBlocks(_films(3, 0)), ArrayBlocks(_films(40, 1))
    plan = replace(Plan.of(AMPLE, queries, references), device=torch.device("cuda"))
    monkeypatch.setattr(spread, "bands_for", lambda *_: None)
    monkeypatch.setattr(spread, "_hold", lambda part: part)
    with taken_by(machines := Loopback(8, gpus=gpus)):
        spread._spread(queries, Kept(references), None, plan)
    assert len(machines.parts) == n_parts
    assert machines.needed == [Needs(gpu=True)]
