"""Libraries take one thread while ours are many, and as many as before afterwards."""

from __future__ import annotations

import cv2
import numpy as np
from threadpoolctl import threadpool_info

from doppelscan.workers import single_threaded_algebra, single_threaded_vision


def test_products_take_one_thread_within_and_as_many_as_before_afterwards() -> None:
    _ = np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    with single_threaded_algebra():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_pictures_are_worked_on_by_one_thread_within_and_by_as_many_as_before_afterwards() -> None:
    before = cv2.getNumThreads()
    with single_threaded_vision():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
