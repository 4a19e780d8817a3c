"""What a text-to-image model learns, against the same in plain loops."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from doppelscan.generators.family import Batch, Subject
from doppelscan.generators.text_to_image.borrowed import Borrowed
from doppelscan.generators.text_to_image.objective import beside, encoded, loss_of_each
from doppelscan.generators.text_to_image.parts import latents_of, parts, steps_of, unet_of
from doppelscan.generators.text_to_image.tiny import write_tiny_model

from ..small import settings, tiny_weights

SUBJECT = Subject((3, 8, 12), ("dark", "light"))


class Answers(nn.Module):
    """A U-Net that says a tenth of what it sees, and remembers it."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config, self.seen = config, []

    def forward(self, x: torch.Tensor, t: torch.Tensor, encoder_hidden_states: torch.Tensor) -> Any:
        self.seen.append((x, t, encoder_hidden_states))
        return SimpleNamespace(sample=0.1 * x[:, :4])


def networks_of(weights: object, *changes: str) -> tuple[Any, nn.ModuleDict, Answers]:
    chosen = settings("text_to_image", f"weights={weights}", *changes)
    networks = nn.ModuleDict(parts(chosen, SUBJECT))
    answers = Answers(unet_of(networks).network.config)
    networks["unet"] = Borrowed(answers, place="here", made_from="00")
    return chosen, networks, answers


@pytest.mark.parametrize("predicts", ["epsilon", "v"])
@pytest.mark.parametrize("gamma", [None, 5.0])
def test_the_loss_is_the_squared_error_weighed_by_its_step(predicts: str, gamma: float | None) -> None:
    chosen, networks, answers = networks_of(tiny_weights(), "latents=mean")
    chosen = replace(chosen, min_snr=gamma)
    steps_of(networks).config["prediction_type"] = "v_prediction" if predicts == "v" else "epsilon"
    kept = encoded(chosen, networks, torch.rand(5, 3, 8, 12) * 2 - 1)
    batch = Batch(kept, torch.tensor([0, 1, -1, 1, 0]), torch.zeros(5, 0), 0, 0)
    torch.manual_seed(3)
    found = loss_of_each(chosen, networks, batch)
    x0 = latents_of(networks).drawn(kept, by_chance=False)
    torch.manual_seed(3)
    t, noise = torch.randint(50, (5,)), torch.randn_like(x0)
    ((x, asked, told),) = answers.seen
    assert torch.equal(asked, t)
    for i in range(5):
        a = float(steps_of(networks).alpha_bar[t[i]])
        noisy = a**0.5 * x0[i] + (1 - a) ** 0.5 * noise[i]
        assert torch.allclose(x[i], noisy, atol=1e-6)
        target = noise[i] if predicts == "epsilon" else a**0.5 * noise[i] - (1 - a) ** 0.5 * x0[i]
        snr = a / (1 - a)
        cut = snr if gamma is None else min(snr, gamma)
        weight = 1 if gamma is None else cut / snr if predicts == "epsilon" else cut / (snr + 1)
        assert float(found[i]) == pytest.approx(
            weight * float((0.1 * noisy - target).square().mean()), rel=1e-4
        )
    assert torch.equal(told[0], told[4])  # of one label
    assert not torch.equal(told[0], told[1])
    assert not torch.equal(told[0], told[2])  # of none


def test_a_model_that_inpaints_sees_where_and_the_rest(tmp_path: Any) -> None:
    chosen, networks, answers = networks_of(write_tiny_model(tmp_path, inpaints=True))
    images = torch.rand(6, 3, 8, 12) * 2 - 1
    assert encoded(chosen, networks, images) is images
    loss_of_each(chosen, networks, Batch(images, torch.full((6,), -1), torch.zeros(6, 0), 0, 0))
    ((x, _, _),) = answers.seen
    assert x.shape == (6, 9, 4, 6)
    where = x[:, 4]
    assert set(where.unique().tolist()) <= {0.0, 1.0}
    fresh = torch.zeros(1, 1, 8, 12)
    fresh[..., 3, 5] = 1
    shown = beside(networks, images[:1], fresh)
    assert shown[0, 0].nonzero().tolist() == [[1, 2]]  # the place that holds the pixel
    other = images[:1].clone()
    other[..., 3, 5] = 0.9
    assert torch.equal(beside(networks, other, fresh), shown)  # what is drawn anew is not shown


@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 8, 12), (1, 2, 3)])
def test_images_of_any_size_come_back_in_it_and_grey_ones_grey(shape: tuple[int, ...]) -> None:
    _, networks, _ = networks_of(tiny_weights())
    latents, images = latents_of(networks), torch.rand(2, *shape)
    codes = latents.drawn(latents.said(images), by_chance=False)
    assert codes.shape[2:] == latents.places(shape[1:])
    assert latents.images(codes, Subject(shape)).shape == images.shape
    if shape[0] == 1:
        assert torch.equal(latents.said(images), latents.said(images.repeat(1, 3, 1, 1)))
