"""The score is a local correlation that a part, a flat ground or a small overlap cannot inflate."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.registration.agreement import Agreement, agreement
from doppelscan.registration.canvas import Warp
from doppelscan.registration.preparing import prepared
from doppelscan.registration.residuals import Paired
from registration.pictures import smooth

IDENTITY = Warp.affine(torch.eye(2)[None], torch.zeros(1, 2), 4)


def test_the_correlation_is_that_within_a_gaussian_window() -> None:
    first, second = prepared(smooth(1, (24, 24)), 24), prepared(smooth(1, (24, 24), seed=1), 24)
    found = agreement(Paired(first, second, 0.5), IDENTITY, window=0.1)
    y, x = np.indices((24, 24))
    weight = np.exp(-0.5 * ((y - 10) ** 2 + (x - 15) ** 2) / 2.4**2)
    covariance = np.cov(first.flatten(), second.flatten(), aweights=weight.ravel(), ddof=0)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found.correlation[0, 10, 15] == pytest.approx(expected, abs=1e-3)


def test_the_worst_share_of_the_detail_is_left_out() -> None:
    correlation = torch.tensor([[0.9, -1.0, 0.5, 0.8]])
    weight = torch.tensor([[1.0, 1.0, 0.5, 1.5]])
    score = Agreement(correlation, weight, torch.ones(1)).score(left_out=0.5, least_overlap=0.5)
    assert score == pytest.approx(
        (0.9 + 0.8) / 2
    )  # half of the weight of 4: the best, and a part of the next


def test_a_small_overlap_scales_the_score() -> None:
    places = torch.ones(3, 4)
    score = Agreement(places, places, torch.tensor([1.0, 0.5, 0.1])).score(0.25, 0.5)
    torch.testing.assert_close(score, torch.tensor([1.0, 1.0, 0.2]))


def test_a_shared_empty_ground_does_not_count() -> None:
    scenes = np.zeros((2, 1, 48, 48), np.uint8)
    scenes[..., 16:32, 16:32] = smooth(2, (16, 16), sigma=2)
    first, second = prepared(scenes[:1], 48), prepared(scenes[1:], 48)
    found = agreement(Paired(first, second, 0.5), IDENTITY, window=0.04)
    assert (found.weight[0, :8] < 0.05).all()
