"""An image's chance comes from its own seed."""

from __future__ import annotations

import torch

from doppelscan.generators.noise import Noise

CPU = torch.device("cpu")


def test_company_does_not_count() -> None:
    many, one = Noise.of([3, 8, 5], CPU), Noise.of([8], CPU)
    for shape in [(2, 3), (4,)]:
        torch.testing.assert_close(many.normal(*shape)[1], one.normal(*shape)[0], rtol=0, atol=0)
        torch.testing.assert_close(many.uniform(*shape)[1], one.uniform(*shape)[0], rtol=0, atol=0)
    assert len(many) == 3


def test_seeds_that_differ_by_one_have_nothing_in_common() -> None:
    a, b = Noise.of([10, 11], CPU).normal(20_000)
    assert abs(float(a @ b) / 20_000) < 0.03
    assert abs(float(a.mean())) < 0.03
    assert abs(float(a.std()) - 1) < 0.03
