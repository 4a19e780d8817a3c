"""Does the search give what a brute force in float64 gives, in bounded memory?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from doppelscan.errors import InputError
from doppelscan.search import nearest, symmetry
from doppelscan.search.bounds import product_error
from doppelscan.settings import Resources
from realdata import real_data

from .oracle import assert_is_nearest, correlations
from .sets import TINY, Watched, cut_for, two_sets

SMALL = Resources(memory=64 * 8 * 9, workers=1, device="cpu")  # three images a block, if they are small
AMPLE = Resources(memory=2**28, workers=1, device="cpu")


@settings(deadline=None)
@given(sets=two_sets(), k=st.integers(1, 30))
def test_neighbours_are_those_of_a_brute_force(sets: tuple[np.ndarray, np.ndarray], k: int) -> None:
    found = nearest(*sets, k, resources=AMPLE)
    assert_is_nearest(found.indices, found.scores, correlations(*sets), k)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 5), resources=st.sampled_from([TINY, SMALL]))
def test_small_blocks_give_what_one_block_gives(
    sets: tuple[np.ndarray, np.ndarray], k: int, resources: Resources
) -> None:
    sets = cut_for(resources, sets)
    whole, parts = nearest(*sets, k, resources=AMPLE), nearest(*sets, k, resources=resources)
    np.testing.assert_array_equal(whole.indices, parts.indices)
    np.testing.assert_array_equal(whole.scores, parts.scores)


@settings(deadline=None, max_examples=30)
@given(sets=two_sets(), k=st.integers(1, 5), data=st.data())
def test_pairs_of_one_group_are_left_out(
    sets: tuple[np.ndarray, np.ndarray], k: int, data: st.DataObject
) -> None:
    resources = data.draw(st.sampled_from([TINY, SMALL, AMPLE]))
    sets = cut_for(resources, sets)
    groups = tuple(
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(s), max_size=len(s))), dtype=np.int64)
        for s in sets
    )
    found = nearest(*sets, k, exclude=groups, resources=resources)
    truth = np.where(groups[0][:, None] == groups[1], np.nan, correlations(*sets))
    assert_is_nearest(found.indices, found.scores, truth, k)


@pytest.mark.parametrize("resources", [TINY, SMALL, AMPLE])
def test_of_identical_references_the_lower_index_comes_first(resources: Resources) -> None:
    rng = np.random.default_rng(0)
    query, twin, other = rng.normal(size=(3, 1, 300, 301))  # more pixels than threads sum as one
    references = np.stack([other, twin, twin, other, twin])
    found = nearest(query[None] + twin, references, 5, resources=resources)
    assert found.indices[0].tolist() == [1, 2, 4, 0, 3]
    assert len(set(found.scores[0].tolist())) == 2


def test_an_identical_image_scores_exactly_one() -> None:
    images = np.random.default_rng(0).normal(size=(20, 1, 31, 33)) + 1e5
    found = nearest(images, images, resources=AMPLE)
    assert found.indices[:, 0].tolist() == list(range(20))
    assert (found.scores == 1).all()


def test_images_too_alike_for_float32_are_still_ranked() -> None:
    """Correlations here differ in the tenth decimal, thousands of times below the float32 bound."""
    rng = np.random.default_rng(0)
    query, noise = rng.normal(size=(2, 1, 64, 64))
    strength = rng.permutation(np.linspace(1e-5, 3e-5, 200))
    references = query + strength[:, None, None, None] * noise
    found = nearest(query[None], references, 200, resources=AMPLE)
    assert found.indices[0].tolist() == np.argsort(strength).tolist()


def test_a_constant_image_has_no_neighbours_and_is_nobodys() -> None:
    images = np.random.default_rng(0).integers(0, 255, (4, 1, 5, 5)).astype(np.uint8)
    images[2] = 9
    found = nearest(images, images, 4, resources=AMPLE)
    assert found.indices[2].tolist() == [-1] * 4
    assert np.isnan(found.scores[2]).all()
    assert all(sorted(found.indices[i].tolist()) == [-1, 0, 1, 3] for i in (0, 1, 3))


@pytest.mark.parametrize(("m", "n"), [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_empty_and_single_sides_work(m: int, n: int) -> None:
    images = np.random.default_rng(0).normal(size=(3, 1, 4, 4))
    found = nearest(images[:m], images[:n], 2, resources=AMPLE)
    assert_is_nearest(found.indices, found.scores, correlations(images[:m], images[:n]), 2)


def test_sides_may_differ_in_type() -> None:
    a = np.random.default_rng(0).integers(0, 255, (5, 1, 6, 6)).astype(np.uint8)
    b = np.random.default_rng(1).normal(size=(7, 1, 6, 6)).astype(np.float32)
    found = nearest(a, b, 3, resources=AMPLE)
    assert_is_nearest(found.indices, found.scores, correlations(a, b), 3)


@pytest.mark.parametrize("resources", [SMALL, AMPLE])
@pytest.mark.parametrize("d", [7, 2049, 10_000])
def test_the_float32_product_may_miss_by_its_whole_bound(
    d: int, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer must not depend on luck: replace the product by the worst that its bound allows."""
    rng = np.random.default_rng(0)

    def worst(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        missed = 0.99 * product_error(d, a.device) * rng.choice([-1.0, 1.0], (len(a), len(b)))
        return (a.double() @ b.double().T + torch.from_numpy(missed)).float()

    spread = (product_error(d, torch.device("cpu")) / 2) ** 0.5  # correlations then differ by about the bound
    images = rng.normal(size=(1, 1, 1, d)) + spread * rng.normal(size=(40, 1, 1, d))
    monkeypatch.setattr(symmetry, "rough_correlations", worst)
    found = nearest(images[:8], images[8:], 3, resources=resources)
    assert_is_nearest(found.indices, found.scores, correlations(images[:8], images[8:]), 3)


def test_memory_bounds_every_read_and_references_are_read_once_for_each_block_of_queries() -> None:
    images = np.random.default_rng(0).integers(0, 255, (100, 1, 16, 16)).astype(np.uint8)
    queries, references = Watched(images[:40]), Watched(images)
    ten_images = 10 * 256 * (1 + 4)  # one byte a pixel as stored, four as float32
    resources = Resources(memory=8 * ten_images, workers=1, device="cpu")
    found = nearest(queries, references, resources=resources)
    assert max(stop - start for start, stop in queries.reads + references.reads) == 10
    assert queries.reads[1:] == [(i, i + 10) for i in range(0, 40, 10)]
    assert references.reads[1:] == 4 * [(i, i + 10) for i in range(0, 100, 10)]
    assert found.indices[:, 0].tolist() == list(range(40))


def test_references_that_fit_are_read_once() -> None:
    images = np.random.default_rng(0).integers(0, 255, (60, 1, 16, 16)).astype(np.uint8)
    references = Watched(images[:20])
    resources = Resources(memory=8 * 10 * 256 * 5, workers=1, device="cpu")
    nearest(images, references, resources=resources)
    assert references.reads == [(0, 1), (0, 20)]


@pytest.mark.parametrize("resources", [SMALL, AMPLE])
def test_progress_adds_up_to_all_pairs(resources: Resources) -> None:
    told: list[int] = []
    images = np.random.default_rng(0).normal(size=(17, 1, 3, 3))
    nearest(images[:7], images, resources=resources, progress=told.append)
    assert sum(told) == 7 * 17


def test_nothing_global_is_set_in_torch() -> None:
    def settings() -> tuple[object, ...]:
        return (
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.get_float32_matmul_precision(),
            torch.are_deterministic_algorithms_enabled(),
            torch.random.get_rng_state().sum().item(),
        )

    before = settings()
    images = np.random.default_rng(0).normal(size=(5, 1, 4, 4))
    nearest(images, images, 2, resources=AMPLE)
    assert settings() == before


def test_autocast_around_the_call_changes_nothing() -> None:
    images = np.random.default_rng(0).normal(size=(50, 1, 30, 30))
    plain = nearest(images[:20], images[20:], 3, resources=AMPLE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = nearest(images[:20], images[20:], 3, resources=AMPLE)
    np.testing.assert_array_equal(plain.indices, cast.indices)


@pytest.mark.parametrize(
    ("queries", "references", "k", "groups", "message"),
    [
        (np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 5)), 1, None, r"\(1, 4, 5\) cannot be compared.*--size"),
        (np.zeros((2, 1, 4, 4)), np.zeros((2, 3, 4, 4)), 1, None, r"shape \(3, 4, 4\)"),
        (np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 4), dtype=complex), 1, None, "complex128 are not real"),
        (np.full((2, 1, 4, 4), np.nan), np.zeros((2, 1, 4, 4)), 1, None, "NaN"),
        (np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 4)), 0, None, "k is 0"),
        (np.zeros((2, 1, 4, 4)), np.zeros((2, 1, 4, 4)), 0, (3, 2), "k is 0.*\n.*groups of 3 and 2 images"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    queries: np.ndarray, references: np.ndarray, k: int, groups: tuple[int, int] | None, message: str
) -> None:
    exclude = tuple(np.zeros(n, dtype=np.int64) for n in groups) if groups else None
    with pytest.raises(InputError, match=message):
        nearest(Watched(queries), Watched(references), k, exclude=exclude, resources=AMPLE)


def test_a_set_whose_shape_changes_on_the_way_is_refused() -> None:
    class Changing(Watched):
        def read(self, start: int, stop: int) -> np.ndarray:
            return super().read(start, stop)[..., start > 0 :]

    images = np.random.default_rng(0).normal(size=(9, 1, 4, 4))
    with pytest.raises(InputError, match=r"shape \(1, 4, 3\)"):
        nearest(images, Changing(images), resources=TINY)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    images = np.zeros((1, 1, 2, 2))
    with pytest.raises(InputError, match=f"device '{device}' cannot be used"):
        nearest(images, images, resources=Resources(memory=2**20, workers=1, device=device))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("k", [1, 10])
def test_a_gpu_gives_the_same_bytes(k: int) -> None:
    rng = np.random.default_rng(0)
    images = 128 + 20 * rng.normal(size=(1, 1, 96, 96)) + 5 * rng.normal(size=(500, 1, 96, 96))
    on_gpu = Resources(memory=2**28, workers=1, device="cuda")
    cpu, gpu = (nearest(images[:200], images[200:], k, resources=r) for r in (AMPLE, on_gpu))
    np.testing.assert_array_equal(cpu.indices, gpu.indices)
    np.testing.assert_array_equal(cpu.scores, gpu.scores)


def films(n: int) -> np.ndarray:
    files = sorted(real_data("chest_xray_64").rglob("*.png"))[:n]
    return np.stack([np.asarray(PILImage.open(file).convert("L"))[None] for file in files])


@pytest.mark.parametrize("resources", [Resources(memory=2**23, workers=1, device="cpu"), AMPLE])
def test_real_films_have_the_neighbours_of_a_brute_force(resources: Resources) -> None:
    images = films(300)
    itself = np.arange(300)
    found = nearest(images, images, 5, exclude=(itself, itself), resources=resources)
    truth = np.corrcoef(images.reshape(300, -1).astype(np.float64))
    np.fill_diagonal(truth, np.nan)
    assert_is_nearest(found.indices, found.scores, truth, 5)
