"""An encoder and a decoder for images of any shape."""

from __future__ import annotations

import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators.nets.autoencoder import Decoder, Encoder, Layout

SMALL = Layout((8, 8, 16), blocks=1, attention=True)
NOBODY = -torch.ones(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("space", "coarse"),
    [((8, 12), (2, 3)), ((7, 9), (2, 3)), ((1, 1), (1, 1)), ((5, 6, 7), (2, 2, 2)), ((4, 8, 1), (1, 2, 1))],
)
def test_what_cannot_be_halved_is_padded_and_cut_off_again(
    space: tuple[int, ...], coarse: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, *space)
    said = Encoder(len(space), 3, 6, SMALL)(images, NOBODY)
    assert said.shape == (2, 6, *coarse) == (2, 6, *SMALL.coarse(space))
    assert Decoder(space, 3, 5, SMALL)(torch.randn(2, 5, *coarse), NOBODY).shape == images.shape


def test_what_is_padded_repeats_the_last_pixels() -> None:
    torch.manual_seed(0)
    network, image = Encoder(2, 1, 2, SMALL), torch.randn(2, 1, 7, 6)
    longer = torch.cat([image, image[:, :, -1:]], 2)
    longer = torch.cat([longer, longer[..., -1:], longer[..., -1:]], 3)
    assert torch.equal(network(image, NOBODY), network(longer, NOBODY))


def test_labels_count_where_there_are_any_and_an_unknown_one_is_none() -> None:
    torch.manual_seed(0)
    images, told = torch.randn(2, 1, 8, 8), Layout((8, 16), blocks=1, attention=False, n_labels=3)
    encoder, decoder = Encoder(2, 1, 2, told), Decoder((8, 8), 1, 2, told)
    for network in (encoder, decoder):
        for weight in network.parameters():
            if not weight.any():
                torch.nn.init.normal_(weight, std=0.1)
    latents = torch.randn(2, 2, 4, 4)
    for network, x in ((encoder, images), (decoder, latents)):
        first, second, unknown = (network(x, torch.full((2,), label)) for label in (0, 1, -1))
        assert not torch.allclose(first, second, atol=1e-5)
        assert not torch.allclose(first, unknown, atol=1e-5)
    untold = Encoder(2, 1, 2, SMALL)
    assert torch.equal(untold(images, NOBODY), untold(images, NOBODY + 2))


def test_images_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    network, images = Encoder(3, 1, 2, SMALL), torch.randn(2, 1, 6, 8, 5)
    together, alone = network(images, NOBODY)[1:], network(images[1:], NOBODY[1:])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_layout_without_channels_is_refused() -> None:
    with pytest.raises(InputError, match=r"channels: is \(\)"):
        Layout((), blocks=1, attention=False)
