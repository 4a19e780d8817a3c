"""Are the networks those of the paper, and do they take images of any size and number of channels?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from doppelscan.encoders.contrastive import ContrastiveSettings
from doppelscan.encoders.contrastive.dar_networks import ResNet50, Strided
from doppelscan.encoders.contrastive.networks import Compact, network_for


def n_weights(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_resnet_50_has_the_published_number_of_weights() -> None:
    published = 25_557_032  # with three channels and 1,000 classes
    assert n_weights(ResNet50(3, 1000)) == published
    assert n_weights(ResNet50(1, 128)) == published - 2 * 64 * 49 - (1000 - 128) * (2048 + 1)


def test_resnet_50_halves_five_times() -> None:
    network = ResNet50(1, 128).eval()
    with torch.no_grad():
        features = network.stages(network.stem(torch.zeros(1, 1, 64, 96)))
    assert features.shape == (1, 2048, 2, 3)


@pytest.mark.parametrize("space", [(64, 64, 64), (16, 40, 9), (4, 4, 4), (3, 35, 51)])
def test_the_strided_encoder_ends_at_4x4x4_with_8_channels(space: tuple[int, int, int]) -> None:
    network = Strided(2, space, 32).eval()
    filters = [layer.out_channels for layer in network.features if isinstance(layer, nn.Conv3d)]
    assert filters == [16, 32, 64, 128, 256, 512, 1024, 8]
    with torch.no_grad():
        volumes = torch.zeros(1, 2, *space)
        assert network.features(volumes).shape == (1, 8 * 4**3)
        assert network(volumes).shape == (1, 32)
    assert [type(layer).__name__ for layer in network.head] == ["Linear", "ReLU", "Dropout", "Linear"]
    assert network.head[2].p == 0.5


def test_64_voxels_become_4_by_strides_alone() -> None:
    network = Strided(1, (64, 64, 64), 32)
    assert torch.tensor([layer.stride for layer in network.features if isinstance(layer, nn.Conv3d)]).prod(
        dim=0
    ).tolist() == [16, 16, 16]


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 8, 64), (1, 1, 1), (4, 32, 20, 8), (1, 5, 5, 5)])
def test_the_compact_network_takes_any_shape_and_its_vectors_are_centred(shape: tuple[int, ...]) -> None:
    network = Compact(shape[0], len(shape) - 1, 128, width=8).eval()
    with torch.no_grad():
        vectors = network(torch.randn(2, *shape))
    assert vectors.shape == (2, 128)
    assert vectors.mean(1) == pytest.approx(torch.zeros(2), abs=1e-6)
    assert torch.isfinite(vectors).all()


@pytest.mark.parametrize(
    ("preset", "n_axes", "kind"), [("dar", 2, ResNet50), ("dar", 3, Strided), ("default", 3, Compact)]
)
def test_each_recipe_has_its_network(preset: str, n_axes: int, kind: type) -> None:
    recipe = ContrastiveSettings(preset=preset).recipe(n_axes)
    network = network_for(recipe, 1, (16,) * n_axes)
    assert isinstance(network, kind)
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 1, *(16,) * n_axes)).shape == (1, recipe.n_outputs)
