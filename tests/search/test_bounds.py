"""Does the float32 product keep its promise, on vectors chosen to break it?"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.encoders import unit_vectors
from doppelscan.search.bounds import STRIP, product_error, rough_correlations

from .oracle import correlations

CPU = torch.device("cpu")


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 3, 100, STRIP - 1, STRIP, STRIP + 1, 3 * STRIP + 7, 50_000]),
    st.sampled_from(["noise", "ramp", "spike", "halves", "near twins"]),
)
def test_no_rough_correlation_misses_by_more_than_the_bound(seed: int, d: int, kind: str) -> None:
    images = _hard_images(kind, d, np.random.default_rng(seed))
    vectors = unit_vectors(images).vectors
    missed = np.abs(
        rough_correlations(vectors[:3], vectors[3:]).numpy() - correlations(images[:3], images[3:])
    )
    assert missed.max() <= product_error(d, CPU)


def _hard_images(kind: str, d: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=(7, 1, 1, d))
    shape = {
        "noise": 0.0,
        "ramp": np.linspace(0, 1e3, d) ** 2,  # most of the sum comes at the end
        "spike": 1e6 * (np.arange(d) == d // 2),
        "halves": 1e3 * (np.arange(d) < d // 2),  # all products of one size and sign: errors add up
        "near twins": 1e4 * rng.normal(size=d),
    }
    return shape[kind] + noise


def test_sums_of_many_equal_products_do_miss_so_the_bound_is_not_idle() -> None:
    images = np.tile([0.1, 0.7], (2, 1, 1, 40_000)) + 1e-3 * np.random.default_rng(0).normal(
        size=(2, 1, 1, 80_000)
    )
    vectors = unit_vectors(images).vectors
    missed = abs(
        float(rough_correlations(vectors[:1], vectors[1:])) - correlations(images[:1], images[1:])[0, 0]
    )
    assert 1e-8 < missed <= product_error(80_000, CPU)


@pytest.mark.parametrize(("d", "most"), [(2, 6e-7), (4096, 1.3e-4), (224 * 224, 1.3e-4), (256**3, 6.2e-4)])
def test_the_bound_is_small_enough_to_be_of_use(d: int, most: float) -> None:
    assert 0 < product_error(d, CPU) < most


@pytest.fixture
def products_may_round_to(request: pytest.FixtureRequest) -> Iterator[str]:
    """A user's own setting of how float32 products may round, taken back afterwards."""
    matmul = torch.backends.mkldnn.matmul
    before, matmul.fp32_precision = matmul.fp32_precision, request.param
    yield request.param
    matmul.fp32_precision = before


@pytest.mark.parametrize("products_may_round_to", ["bf16", "tf32", "ieee"], indirect=True)
def test_the_bound_allows_for_products_that_round_their_inputs(products_may_round_to: str) -> None:
    least, most = {"ieee": (1e-6, 1.3e-4), "tf32": (2 * 2**-11, 0.01), "bf16": (2 * 2**-8, 0.05)}[
        products_may_round_to
    ]
    assert least < product_error(5000, CPU) < most
    images = np.random.default_rng(0).normal(size=(6, 1, 50, 100)) + np.linspace(0, 9, 100)
    vectors = unit_vectors(images).vectors
    vectors = vectors.bfloat16().float() if products_may_round_to == "bf16" else vectors
    missed = np.abs(
        rough_correlations(vectors[:3], vectors[3:]).numpy() - correlations(images[:3], images[3:])
    )
    assert missed.max() <= product_error(5000, CPU)


@pytest.mark.parametrize(("setting", "least", "most"), [("medium", 2 * 2**-8, 0.05), ("highest", 0, 1e-5)])
def test_an_older_torch_is_asked_for_its_global_setting(
    setting: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends, "mkldnn", SimpleNamespace())
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: setting)
    assert least < product_error(100, CPU) < most
