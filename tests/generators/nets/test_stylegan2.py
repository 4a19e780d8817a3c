"""Is the generator the paper's, for images of any size, and does each image depend on its own chance alone?"""

from __future__ import annotations

import pytest
import torch

from doppelscan.generators.nets.stylegan2 import Generator, Mapping, one_hot
from doppelscan.generators.nets.stylegan2_sizes import Sizes

UNKNOWN = -1


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def generator_of(n_channels: int = 1, space: tuple[int, int] = (16, 16), n_labels: int = 0) -> Generator:
    """A small one whose noise counts."""
    made = Generator(n_channels, space, n_labels, n_z=8, n_w=8, depth=2, capacity=64, widest=16).eval()
    for name, weight in made.named_parameters():
        if name.endswith("strength"):
            weight.data.fill_(0.5)
    return made


def chance_of(generator: Generator, n: int, k: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """z, labels and noise of n images."""
    labels = torch.full((n,), UNKNOWN)
    return torch.randn(n, k, 8), labels, torch.randn(n, generator.synthesis.n_noise)


@pytest.mark.parametrize(
    ("n_channels", "space"),
    [(1, (16, 16)), (3, (16, 24)), (5, (7, 20)), (1, (1, 1)), (2, (4, 100)), (1, (33, 33)), (1, (2, 3))],
)
def test_images_have_the_shape_asked_for(n_channels: int, space: tuple[int, int]) -> None:
    generator = generator_of(n_channels, space)
    with torch.no_grad():
        images, w = generator(*chance_of(generator, 2))
    assert images.shape == (2, n_channels, *space)
    assert w.shape == (2, generator.synthesis.n_layers, 8)
    assert torch.isfinite(images).all()


@pytest.mark.parametrize("part", ["z", "noise"])
def test_an_image_depends_on_its_own_z_and_noise_and_on_no_other_image(part: str) -> None:
    generator = generator_of()
    z, labels, noise = chance_of(generator, 3)
    other = torch.randn_like(z if part == "z" else noise)
    keep = torch.tensor([True, False, True])
    mix = torch.where(keep.reshape(-1, *[1] * (other.ndim - 1)), z if part == "z" else noise, other)
    with torch.no_grad():
        before, _ = generator(z, labels, noise)
        after, _ = generator(*((mix, labels, noise) if part == "z" else (z, labels, mix)))
    assert torch.equal(before[keep], after[keep])
    assert not torch.equal(before[1], after[1])


def test_every_number_of_the_noise_is_used() -> None:
    generator = generator_of(space=(8, 8))
    z, labels, noise = chance_of(generator, 1)
    noise.requires_grad_()
    images, _ = generator(z, labels, noise)
    (gradient,) = torch.autograd.grad(images.square().sum(), noise)
    assert noise.shape == (1, 4 * 4 + 2 * 8 * 8)
    assert (gradient != 0).all()


def test_the_image_is_the_sum_of_what_each_grid_contributes() -> None:
    generator = generator_of(space=(8, 8))
    last = generator.synthesis.blocks[-1].image.weight
    chance = chance_of(generator, 1)
    with torch.no_grad():
        last.zero_()
        coarse, _ = generator(*chance)
        assert coarse.std() > 0
        generator.synthesis.blocks[0].image.weight.zero_()
        nothing, _ = generator(*chance)
    assert torch.equal(nothing, torch.zeros_like(nothing))


def test_layers_from_the_crossover_on_have_the_second_style() -> None:
    generator = generator_of()
    z, labels, noise = chance_of(generator, 4, k=2)
    n_layers = generator.synthesis.n_layers
    with torch.no_grad():
        first, second = (generator.mapping(z[:, k], labels) for k in (0, 1))
        _, w = generator(z, labels, noise, torch.tensor([1, 3, n_layers, 2]))
    for image, crossover in enumerate([1, 3, n_layers, 2]):
        for layer in range(n_layers):
            expected = (first if layer < crossover else second)[image]
            assert torch.equal(w[image, layer], expected)


def test_the_mapping_sees_the_direction_of_z_only() -> None:
    mapping = generator_of().mapping
    z, labels = torch.randn(5, 8), torch.full((5,), UNKNOWN)
    with torch.no_grad():
        assert mapping(3 * z, labels) == pytest.approx(mapping(z, labels), abs=1e-5)


def test_truncation_draws_styles_to_their_running_mean() -> None:
    mapping = Mapping(8, 8, 0, 2).train()
    labels = torch.full((256,), UNKNOWN)
    with torch.no_grad():
        for _ in range(100):
            mapping(torch.randn(256, 8), labels)
        mapping.eval()
        z = torch.randn(4096, 8)
        w = mapping(z, labels.repeat(16))
        assert mapping.mean_w == pytest.approx(w.mean(0), abs=0.05)
        half = mapping(z, labels.repeat(16), 0.5)
        assert half == pytest.approx(mapping.mean_w + 0.5 * (w - mapping.mean_w), abs=1e-6)
        assert torch.equal(mapping(z, labels.repeat(16), 0.0), mapping.mean_w.expand(4096, -1))


def test_nothing_is_remembered_while_images_are_drawn() -> None:
    generator = generator_of(n_labels=2)
    before = {name: value.clone() for name, value in generator.named_buffers()}
    with torch.no_grad():
        generator(*chance_of(generator, 2))
    assert all(torch.equal(before[name], value) for name, value in generator.named_buffers())


def test_labels_change_images_and_none_is_different_from_each() -> None:
    generator = generator_of(n_labels=3)
    z, _, noise = chance_of(generator, 1)
    with torch.no_grad():
        images = [generator(z, torch.tensor([label]), noise)[0] for label in (UNKNOWN, 0, 1, 2)]
    assert len({tuple(image.flatten().tolist()) for image in images}) == 4


def test_an_unknown_label_is_no_label() -> None:
    assert one_hot(torch.tensor([1, UNKNOWN]), 3).tolist() == [[0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("space", "start", "end"),
    [
        ((64, 64), (4, 4), (64, 64)),
        ((224, 224), (7, 7), (224, 224)),
        ((48, 96), (6, 12), (48, 96)),
        ((100, 100), (7, 7), (112, 112)),
        ((3, 5), (3, 5), (3, 5)),
        ((4, 512), (1, 16), (32, 512)),
    ],
)
def test_sizes_double_from_a_small_start_to_the_image(
    space: tuple[int, int], start: tuple[int, int], end: tuple[int, int]
) -> None:
    sizes = Sizes.of(space)
    assert (sizes.grids[0], sizes.grids[-1]) == (start, end)
    images = torch.randn(1, 2, *space)
    padded = sizes.padded(images)
    assert padded.shape[2:] == end
    assert torch.equal(sizes.cropped(padded), images)


def test_features_halve_from_the_capacity_of_the_start_and_are_cut_at_the_widest() -> None:
    assert Sizes.of((64, 64)).channels(1024, 128) == (128, 128, 64, 32, 16)
    assert Sizes.of((1024, 1024)).channels(32_768, 512) == (512, 512, 512, 512, 512, 256, 128, 64, 32)
    assert Sizes.of((64, 64)).channels(8, 128)[-1] == 1
