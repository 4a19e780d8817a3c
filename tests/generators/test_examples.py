"""What is learnt from, and in which order."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.generators.examples import Held, Order, Streamed, examples_of, made_of
from doppelscan.generators.intensities import Intensities
from doppelscan.settings import Resources

from .small import pictures

CPU = torch.device("cpu")


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 25))
def test_any_stretch_of_the_order_is_the_same_however_it_is_cut(n: int, start: int, length: int) -> None:
    order = Order(n, seed=1)
    whole = order.positions(0, start + length + n)
    np.testing.assert_array_equal(order.positions(start, start + length), whole[start : start + length])


def test_every_image_is_seen_once_in_each_epoch_each_in_an_order_of_its_own() -> None:
    epochs = Order(20, seed=0).positions(0, 60).reshape(3, 20)
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert not np.array_equal(epochs[0], epochs[1])


def test_images_are_the_same_whether_they_fit_in_memory_or_not() -> None:
    for dtype in ("uint8", "float32"):
        images = pictures((2, 6, 5), dtype=dtype)
        ranges = Intensities.of(images, Resources())
        held = examples_of(images, ranges, CPU, resources=Resources())
        streamed = examples_of(images, ranges, CPU, resources=Resources(memory=100))
        assert isinstance(held, Held)
        assert isinstance(streamed, Streamed)
        assert len(held) == len(streamed) == 12
        first, second = np.array([3, 1, 7]), np.array([0, 11])
        expected = ranges.scaled(images.read(0, 12))
        for examples in (held, streamed):
            torch.testing.assert_close(examples.batch(first, second), expected[first], rtol=0, atol=1e-6)
            torch.testing.assert_close(examples.batch(second), expected[second], rtol=0, atol=1e-6)


def test_images_stay_in_memory_where_they_fill_half_of_it_at_most() -> None:
    images = pictures((2, 6, 5), dtype="uint8")
    ranges, needed = Intensities.of(images, Resources()), 12 * 2 * 6 * 5
    kinds = [
        type(examples_of(images, ranges, CPU, resources=Resources(memory=memory)))
        for memory in (2 * needed, 2 * needed - 1)
    ]
    assert kinds == [Held, Streamed]


def test_what_is_made_of_examples_keeps_their_order() -> None:
    images = pictures((1, 6, 5))
    examples = examples_of(images, Intensities.of(images, Resources()), CPU, resources=Resources())
    made = made_of(examples, lambda batch: batch.mean((2, 3)), at_once=5, device=CPU)
    whole = examples.batch(np.arange(12)).mean((2, 3))
    torch.testing.assert_close(made.batch(np.arange(12)), whole)
