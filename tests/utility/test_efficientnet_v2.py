"""The network is the paper's: its weights are as many as published, and it sees flat images and volumes."""

from __future__ import annotations

import pytest
import torch

from doppelscan.utility.efficientnet_v2 import STAGES_M, EfficientNetV2, Stage

SMALL = (Stage("fused", 1, 4, 1, 1), Stage("fused", 2, 6, 2, 2), Stage("depthwise", 4, 8, 2, 2))


def test_it_has_as_many_weights_as_the_published_network() -> None:
    with torch.device("meta"):
        network = EfficientNetV2(3, 1000)
    assert sum(weight.numel() for weight in network.parameters()) == 54_139_356
    assert sum(stage.blocks for stage in STAGES_M) == 57


@pytest.mark.parametrize("space", [(33, 48), (32, 33, 34)])
def test_it_gives_scores_of_images_of_any_shape(space: tuple[int, ...]) -> None:
    network = EfficientNetV2(2, 5, len(space), stages=SMALL, width=16).eval()
    images = torch.randn(2, 2, *space)
    assert network(images).shape == (2, 5)
    torch.testing.assert_close(network(images)[:1], network(images[:1]), atol=1e-5, rtol=1e-4)


def test_its_tensors_have_published_names() -> None:
    with torch.device("meta"):
        names = set(EfficientNetV2(3, 1000).state_dict())
    assert {"features.0.0.weight", "features.1.0.block.0.0.weight", "classifier.1.bias"} <= names
    assert "features.4.0.block.2.fc1.weight" in names
