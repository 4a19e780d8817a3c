"""The scale of latents."""

from __future__ import annotations

import pytest
import torch

from doppelscan.generators.nets.scale import Scale


@pytest.mark.parametrize("sizes", [[40], [1, 30, 9]])
@pytest.mark.parametrize("coarse", [(6, 5), (3, 4, 2)])
def test_what_is_measured_has_mean_0_and_deviation_1_in_each_channel_in_whatever_batches(
    coarse: tuple[int, ...], sizes: list[int]
) -> None:
    torch.manual_seed(0)
    wide = (2, *(1,) * len(coarse))
    latents = torch.randn(40, 2, *coarse) * torch.tensor([0.01, 30.0]).reshape(wide) + torch.tensor(
        [5.0, -100.0]
    ).reshape(wide)
    scale = Scale(2)
    scale.measure(latents.split(sizes))
    scaled = scale(latents).double().movedim(1, 0).flatten(1)
    assert scaled.mean(1).tolist() == pytest.approx([0, 0], abs=1e-3)
    assert scaled.std(1).tolist() == pytest.approx([1, 1], rel=1e-3)
    torch.testing.assert_close(scale.back(scale(latents)), latents, rtol=1e-5, atol=1e-4)


def test_a_constant_channel_is_moved_only_and_a_new_scale_does_nothing() -> None:
    latents = torch.full((3, 1, 2, 2), 7.0)
    scale = Scale(1)
    assert torch.equal(scale(latents), latents)
    scale.measure([latents, latents[:1]])
    assert not scale(latents).any()
    assert torch.equal(scale.back(scale(latents)), latents)
