"""The two-sample test: exact by patient, sees copies, blind to the order of the sides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cohorts import films, noisy_copies, pixels_of
from doppelscan.quality import two_sample
from doppelscan.quality.two_sample import (
    Side,
    Votes,
    exchange_p,
    nearest_votes,
    sides_p,
    training_share,
)
from doppelscan.search import ArrayBlocks
from doppelscan.seeds import stream
from doppelscan.settings import Resources

RESOURCES = Resources(memory=2**28, workers=1, device="cpu")


def side(pixels: np.ndarray, each: int = 1) -> Side:
    return Side(ArrayBlocks(pixels), np.arange(len(pixels)) // each)


def asked(trained: Side, held: Side, synthetic: np.ndarray) -> Votes:
    return nearest_votes(trained, held, ArrayBlocks(synthetic), seed=0, resources=RESOURCES)


def votes(trained: list[bool], n_images: list[int], synthetic: list[int]) -> Votes:
    own = np.repeat(np.arange(len(trained)), n_images)
    return Votes(np.array(trained), np.array(n_images), np.array(synthetic), own, np.roll(own, n_images[0]))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


def test_votes_are_those_of_plain_loops() -> None:
    trained, held, drawn = films(8, each=2), films(5, first=50, each=2), pixels_of(films(7, first=90))
    found = asked(side(pixels_of(trained), 2), side(pixels_of(held), 2), drawn)
    pool = np.concatenate([pixels_of(trained), pixels_of(held)])
    own = np.repeat(np.arange(13), 2)
    assert found.own.tolist() == own.tolist()
    assert found.trained.tolist() == [True] * 8 + [False] * 5
    assert found.n_images.tolist() == [2] * 13
    nearest = [max(range(26), key=lambda i: correlation(y, pool[i])) for y in drawn]
    assert found.synthetic.tolist() == own[nearest].tolist()
    others = [
        max((i for i in range(26) if own[i] != own[j]), key=lambda i: correlation(pool[j], pool[i]))
        for j in range(26)
    ]
    assert found.real.tolist() == own[others].tolist()


@pytest.mark.parametrize("synthetic", [[0, 0, 0, 1, 3], [0, 1, 2, 3, 4, 4], [3, 4, 4, 4]])
def test_p_is_that_of_all_choices_of_patients(synthetic: list[int]) -> None:
    trained, n_images = [True, True, False, False, True], [2, 1, 1, 3, 2]
    found = votes(trained, n_images, synthetic)
    voted, n, v = np.bincount(synthetic, minlength=5), sum(n_images), len(synthetic)
    excess = n * voted - v * np.array(n_images)
    sums = [excess[list(chosen)].sum() for chosen in itertools.combinations(range(5), 3)]
    mine = excess[[0, 1, 4]].sum()
    exact = np.mean([s >= mine for s in sums]), np.mean([s <= mine for s in sums])
    assert exchange_p(found, seed=1) == pytest.approx(exact, abs=0.015)


def test_p_does_not_depend_on_how_many_choices_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = votes([True, True, False, False, True], [2, 1, 1, 3, 2], [0, 0, 1, 4, 3])
    whole = exchange_p(found, seed=1, n_draws=500), sides_p(found, seed=1, n_draws=500)
    monkeypatch.setattr(two_sample, "_AT_ONCE", 64)
    assert (exchange_p(found, seed=1, n_draws=500), sides_p(found, seed=1, n_draws=500)) == whole


def test_the_share_is_what_equally_many_images_would_have_had() -> None:
    found = votes([True] * 4 + [False], [1] * 5, [0, 1, 2, 3, 4])
    assert training_share(found).value == pytest.approx(0.5)
    assert training_share(votes([True] * 4 + [False], [1] * 5, [0, 1, 2, 3])).value == 1.0
    few = training_share(votes([True, False], [1, 1], [0, 0, 0, 1]))
    assert few.value == pytest.approx(0.75)
    assert few.low < 0.75 < few.high
    assert few.n == 4


def test_constant_images_have_no_vote_and_none_at_all_is_unknown() -> None:
    constant = np.full((3, 1, 20, 20), 7, np.uint8)
    found = asked(side(pixels_of(films(4))), side(pixels_of(films(3, first=9))), constant)
    assert found.synthetic.tolist() == [-1, -1, -1]
    assert not training_share(found).known
    assert exchange_p(found, seed=0) == (1.0, 1.0)


def test_copies_of_trained_patients_are_seen() -> None:
    train, held = films(40, each=2), films(20, first=60, each=2)
    drawn = np.concatenate([pixels_of(films(30, first=200)), noisy_copies(train, list(range(0, 60, 2)))])
    found = asked(side(pixels_of(train), 2), side(pixels_of(held), 2), drawn)
    assert exchange_p(found, seed=0)[0] < 0.005
    share = training_share(found)
    assert share.low > 0.5


def test_equally_near_images_of_both_sides_are_voted_for_alike() -> None:
    same = pixels_of(films(60))
    found = asked(side(same), side(same), same)
    trained = found.trained[found.synthetic]
    assert 15 < trained.sum() < 45


def test_p_is_uniform_where_chance_chose_the_sides() -> None:
    """Votes depend on each other in every way: few patients get most of them, and have several images."""
    found = []
    for k in range(200):
        rng = stream(k, "null")
        n_images = rng.integers(1, 5, size=30)
        favour = rng.dirichlet(0.2 * n_images)
        drawn = rng.choice(30, size=40, p=favour)
        trained = rng.permutation(30) < 20
        found.append(
            exchange_p(votes(trained.tolist(), n_images.tolist(), drawn.tolist()), seed=k, n_draws=199)[0]
        )
    p = np.array(found)
    for level in (0.05, 0.1, 0.25, 0.5):
        share = (p <= level).mean()
        assert abs(share - level) < 3 * np.sqrt(level * (1 - level) / len(p)) + 0.005, (level, share)


def test_sides_that_differ_by_themselves_are_told() -> None:
    rng = stream(3, "sides")
    site = np.sin(np.arange(12) / 2)[None, None, None]
    trained, held = (rng.normal(size=(30, 1, 1, 12)) + shift * site for shift in (1.0, -1.0))
    assert sides_p(asked(side(trained), side(held), trained[:5]), seed=0) < 0.01
    alike = [rng.normal(size=(30, 1, 1, 12)) for _ in range(2)]
    assert sides_p(asked(side(alike[0]), side(alike[1]), alike[0][:5]), seed=0) > 0.02


def test_progress_counts_all_pairs() -> None:
    told: list[int] = []
    real, held = side(pixels_of(films(6))), side(pixels_of(films(4, first=9)))
    nearest_votes(
        real,
        held,
        ArrayBlocks(pixels_of(films(3, first=50))),
        seed=0,
        resources=RESOURCES,
        progress=told.append,
    )
    assert sum(told) == 10 * (10 + 3)
