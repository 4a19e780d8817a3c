"""What an autoencoder learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.generators import Keeping, Model, fit
from doppelscan.generators.family import Batch, Subject
from doppelscan.generators.vae import AutoencoderSettings, objective

from ..small import QUIET, pictures, settings, weights


def small(*changes: str) -> AutoencoderSettings:
    """The smallest autoencoder, its adversary there from the start."""
    chosen: AutoencoderSettings = settings("vae", "adversary_from=0", *changes).autoencoder
    return chosen


def batch(n: int = 4, seen: int = 0) -> Batch:
    """Some noise of five channels."""
    torch.manual_seed(1)
    images = torch.rand(n, 5, 9, 7) * 2 - 1
    return Batch(images, torch.full((n,), -1), images.new_zeros(n, 0), seen, step=0)


def networks(chosen: AutoencoderSettings) -> nn.ModuleDict:
    torch.manual_seed(0)
    return nn.ModuleDict(objective.networks(chosen, Subject((5, 9, 7))))


def test_the_first_loss_is_the_sum_that_its_parts_make_in_plain_numpy() -> None:
    chosen = small("kl_weight=0.3", "adversarial_weight=0.7", "feature_weight=0.9")
    made, seen = networks(chosen), batch()
    torch.manual_seed(2)
    turn = next(objective.turns(chosen, made, seen))
    made.requires_grad_(requires_grad=False)

    torch.manual_seed(2)
    said = made["encoder"](seen.images, seen.labels)
    mean, log = said.chunk(2, dim=1)
    decoded = made["decoder"](mean + (log / 2).exp() * torch.randn_like(mean), seen.labels)
    (_, real), (verdict, drawn) = made["adversary"](seen.images), made["adversary"](decoded)
    x, y, m, v = (part.double().numpy() for part in (seen.images, decoded, mean, log.exp()))
    error = np.mean(
        [np.mean([abs(a - b) for a, b in zip(x[i].flat, y[i].flat, strict=True)]) for i in range(4)]
    )
    nats = np.mean([0.5 * np.sum(m[i] ** 2 + v[i] - 1 - np.log(v[i])) for i in range(4)]) / (5 * 9 * 7)
    features = np.mean([float((a - b).abs().mean()) for a, b in zip(real, drawn, strict=True)])
    expected = error + 0.3 * nats - 0.7 * float(verdict.mean()) + 0.9 * features
    assert float(turn.loss.detach()) == pytest.approx(expected, rel=1e-4)
    assert float(turn.logged["absolute error"].detach()) == pytest.approx(error, rel=1e-4)


def test_the_adversary_joins_when_it_is_time_or_never() -> None:
    later, never = small("adversary_from=100"), small("adversary_from=none")

    def players(chosen: AutoencoderSettings, seen: int) -> list[str]:
        return [turn.player for turn in objective.turns(chosen, networks(chosen), batch(seen=seen))]

    assert players(later, 99) == ["autoencoder"]
    assert players(later, 100) == ["autoencoder", "adversary"]
    assert players(never, 10_000) == ["autoencoder"]
    assert "adversary" not in networks(never)
    assert set(objective.players(never)) == {"autoencoder"}


def test_the_adversary_learns_from_its_own_turn_only() -> None:
    chosen = small()
    made = networks(chosen)
    _, turn = objective.turns(chosen, made, batch())
    turn.loss.backward()
    assert all(weight.grad is not None for weight in made["adversary"].parameters())
    assert all(weight.grad is None for weight in made["decoder"].parameters())


def test_a_hinge_costs_nothing_beyond_its_margin() -> None:
    def cost(real: float, decoded: float) -> float:
        return float(objective.discerning(torch.full((2, 1, 3), real), torch.full((2, 1, 3), decoded)))

    assert cost(1.0, -1.0) == cost(5.0, -9.0) == 0
    assert cost(0.0, 0.0) == 1
    assert cost(-1.0, 1.0) == 2
    assert cost(0.5, -3.0) == 0.25


def test_features_of_each_level_count_alike_however_many_they_are() -> None:
    real = [torch.zeros(1, 2, 10, 10), torch.zeros(1, 8, 5, 5)]
    decoded = [torch.ones(1, 2, 10, 10), torch.full((1, 8, 5, 5), -3.0)]
    assert float(objective.feature_distance(real, decoded)) == 2
    assert float(objective.feature_distance(real, real)) == 0


def test_the_loss_of_each_image_does_not_depend_on_chance_or_company() -> None:
    chosen, few = small(), batch()
    made = networks(chosen).eval()
    torch.manual_seed(5)
    together = objective.loss_of_each(made, few)
    torch.manual_seed(6)
    alone = Batch(few.images[2:3], few.labels[2:3], few.augmentation[2:3], 0, 0)
    torch.testing.assert_close(together[2:3], objective.loss_of_each(made, alone), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("codes", ["kl", "vq"])
@pytest.mark.parametrize("shape", [(2, 13, 10), (1, 6, 9, 7)])
def test_what_is_decoded_grows_like_what_was_encoded(
    codes: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    images = pictures(shape, n=16)
    chosen = settings("vae", f"codes={codes}", "n_images=400", "kl_weight=1e-5", "learning_rate=0.004")
    model = fit(images, chosen, out=tmp_path / "long", keeping=QUIET)
    first = fit(
        images, settings("vae", f"codes={codes}", "n_images=8"), out=tmp_path / "short", keeping=QUIET
    )

    def error(one: Model) -> float:
        x = one.description.intensities.scaled(images.read(0, 16))
        unknown, codes_ = torch.full((16,), -1), objective.codes_of(one.networks)
        latents = codes_.latents(one.networks["encoder"](x, unknown))
        return float((one.networks["decoder"](codes_.seen(latents), unknown) - x).abs().mean())

    assert error(model) < 0.6 * error(first)


def test_codes_are_learnt_the_same_when_a_training_is_cut_off(tmp_path: Path) -> None:
    images, chosen = pictures((1, 8, 8)), settings("vae", "codes=vq", "n_codes=8")
    whole = fit(images, chosen, out=tmp_path / "whole", keeping=QUIET)

    class Cut(Exception):
        pass

    def cut(_work: str, done: int, _total: int) -> None:
        if done >= 32:
            raise Cut

    with pytest.raises(Cut):
        fit(images, chosen, out=tmp_path / "cut", keeping=Keeping(marks=8, grid=0), progress=cut)
    again = fit(images, chosen, out=tmp_path / "cut", keeping=Keeping(marks=8, grid=0))
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    np.testing.assert_array_equal(again.sample([3]).read(0, 1), whole.sample([2, 3]).read(0, 2)[1:])
