"""Are the turns, the players and the images of StyleGAN2 those of the papers?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

from doppelscan.errors import InputError
from doppelscan.generators.ada import Adaptation
from doppelscan.generators.family import Batch, Draw, Drawing, Networks, Subject, Turn
from doppelscan.generators.noise import Noise
from doppelscan.generators.recipe import Training
from doppelscan.generators.stylegan2 import FAMILY, PRESETS, StyleGAN2Settings, networks, players, turns

SMALL = StyleGAN2Settings(
    Training(n_images=64, batch=8, clip=None), n_z=8, n_w=8, capacity=64, widest=16, gradient_every=4
)
FILMS = Subject((1, 16, 16))


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def networks_of(settings: StyleGAN2Settings = SMALL, subject: Subject = FILMS) -> Networks:
    return nn.ModuleDict(networks(settings, subject))


def batch_of(images: torch.Tensor, step: int = 0, label: int = -1) -> Batch:
    return Batch(images, torch.full((len(images),), label), torch.zeros(len(images), 0), 8 * step, step)


def played(
    settings: StyleGAN2Settings, nets: Networks, images: torch.Tensor, steps: range, only: str = ""
) -> Iterator[Turn]:
    """The turns of these steps, each taken by its player as the engine does, or by one player only."""
    optimizers = {
        name: torch.optim.Adam(
            [weight for network in player.networks for weight in nets[network].parameters()],
            lr=player.learning_rate,
            betas=player.betas,
        )
        for name, player in players(settings).items()
    }
    for step in steps:
        for turn in turns(settings, nets, batch_of(images, step)):
            if only not in turn.player:
                continue
            optimizer = optimizers[turn.player]
            torch.autograd.backward(turn.loss, inputs=optimizer.param_groups[0]["params"])
            optimizer.step()
            optimizer.zero_grad()
            yield turn


def players_of(settings: StyleGAN2Settings, step: int) -> str:
    """The initials of the players of this step's turns."""
    subject = Subject((1, 4, 4))
    batch = batch_of(torch.randn(4, 1, 4, 4), step)
    return "".join(turn.player[0] for turn in turns(settings, networks_of(settings, subject), batch))


def test_regularisers_are_lazy() -> None:
    lazy = replace(SMALL, path_every=2, gradient_every=3)
    assert [players_of(lazy, step) for step in range(7)] == ["ggdd", "gd", "ggd", "gdd", "ggd", "gd", "ggdd"]
    assert players_of(replace(lazy, path_weight=0.0), 0) == "gdd"


def test_adam_makes_up_for_the_regularisers_turns() -> None:
    settings = replace(SMALL, learning_rate=0.002, path_every=8, gradient_every=16)
    found = players(settings)
    assert found["generator"].learning_rate == pytest.approx(0.002 * 8 / 9)
    assert found["generator"].betas == pytest.approx((0.0, 0.99 ** (8 / 9)))
    assert found["discriminator"].betas == pytest.approx((0.0, 0.99 ** (16 / 17)))
    assert players(replace(settings, path_weight=0.0))["generator"].learning_rate == 0.002


def test_each_loss_moves_its_own_player_alone_and_all_of_it() -> None:
    nets = networks_of()
    before = {name: weight.clone() for name, weight in nets.named_parameters()}
    for turn in played(SMALL, nets, torch.randn(8, 1, 16, 16), range(1)):
        moved = {name for name, weight in nets.named_parameters() if not torch.equal(weight, before[name])}
        assert any(name.startswith(turn.player) for name in moved)
        before = {name: weight.clone() for name, weight in nets.named_parameters()}
        others = {name for name in moved if not name.startswith(turn.player)}
        assert not others
    everything = networks_of()
    start = {name: weight.clone() for name, weight in everything.named_parameters()}
    list(played(SMALL, everything, torch.randn(8, 1, 16, 16), range(2)))
    still = [name for name, weight in everything.named_parameters() if torch.equal(weight, start[name])]
    assert not still


def test_the_weight_of_r1_follows_pixels_and_batch_unless_it_is_given() -> None:
    assert PRESETS["base"].r1_weight((256, 128)) == pytest.approx(0.0002 * 256 * 128 / 32)
    assert PRESETS["karras"].r1_weight((256, 128)) == 10.0


def test_the_lazy_penalty_has_the_weight_of_the_steps_that_it_stands_for() -> None:
    settings = replace(SMALL, gamma=3.0, adaptation=Adaptation(groups=()))
    made = list(turns(settings, networks_of(), batch_of(torch.randn(4, 1, 16, 16))))
    last = made[-1]
    assert float(last.loss.detach()) == pytest.approx(3.0 / 2 * 4 * float(last.logged["r1"]))


def test_p_rises_once_the_discriminator_knows_the_real_images() -> None:
    adaptation = Adaptation(ramp=400, every=16, groups=())
    settings = replace(SMALL, path_weight=0.0, adaptation=adaptation, learning_rate=0.01)
    nets = networks_of(settings)
    images = torch.ones(8, 1, 16, 16)
    logged = [turn.logged for turn in played(settings, nets, images, range(10), only="discriminator")]
    strengths = [float(one["p"]) for one in logged if "p" in one]
    assert strengths[0] == 0.0
    assert strengths[-1] > 0.1
    assert float(nets["augmentation"].overfitting) > 0.6


def test_the_generator_learns_where_the_real_images_are() -> None:
    settings = replace(SMALL, adaptation=Adaptation(groups=()), learning_rate=0.01, path_weight=0.0)
    subject = Subject((1, 4, 4))
    nets = networks_of(settings, subject)
    apart = []
    for n_steps in (1, 40):
        for _ in played(settings, nets.train(), torch.full((8, 1, 4, 4), 0.8), range(n_steps)):
            pass
        apart.append(float((drawn_by(settings, nets.eval(), subject, range(16)) - 0.8).abs().mean()))
    assert apart[1] < 0.5 * apart[0]


def drawn_by(
    settings: StyleGAN2Settings,
    nets: Networks,
    subject: Subject,
    seeds: range,
    label: int = -1,
    psi: float | None = None,
) -> torch.Tensor:
    noise = Noise.of(list(seeds), torch.device("cpu"))
    with torch.no_grad():
        labels = torch.full((len(seeds),), label)
        return FAMILY.draw(settings, nets, subject, Draw(noise, labels, Drawing(truncation=psi)))


@pytest.mark.parametrize("shape", [(1, 16, 16), (5, 12, 20), (3, 7, 9)])
def test_one_seed_draws_one_image_whatever_is_drawn_beside_it(shape: tuple[int, ...]) -> None:
    subject = Subject(shape)
    nets = networks_of(SMALL, subject).eval()
    for name, weight in nets.named_parameters():
        if name.endswith("strength"):
            weight.data.fill_(1.0)
    together = drawn_by(SMALL, nets, subject, range(5))
    assert together.shape == (5, *shape)
    for seed in range(5):
        alone = drawn_by(SMALL, nets, subject, range(seed, seed + 1))
        assert alone[0] == pytest.approx(together[seed], rel=1e-4, abs=1e-4)
    assert all((a - b).abs().max() > 1e-2 for a, b in itertools.combinations(together, 2))


def test_truncation_makes_images_alike_and_may_be_asked_for_when_they_are_drawn() -> None:
    nets = networks_of().eval()
    whole, half = (drawn_by(SMALL, nets, FILMS, range(16), psi=psi).std(0).mean() for psi in (1.0, 0.5))
    assert half < 0.8 * whole
    halved = replace(SMALL, truncation=0.5)
    assert torch.equal(
        drawn_by(halved, nets, FILMS, range(3)), drawn_by(SMALL, nets, FILMS, range(3), psi=0.5)
    )
    assert torch.equal(
        drawn_by(halved, nets, FILMS, range(3), psi=1.0), drawn_by(SMALL, nets, FILMS, range(3))
    )


def test_every_turn_can_be_taken_in_half_precision() -> None:
    nets = networks_of(replace(SMALL, adaptation=Adaptation(start=0.8)))
    with torch.autocast("cpu", torch.bfloat16):
        made = list(turns(SMALL, nets, batch_of(torch.randn(4, 1, 16, 16))))
    assert len(made) == 4
    for turn in made:
        assert turn.loss.dtype == torch.float32
        turn.loss.backward()
    gradients = [weight.grad for weight in nets.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_draws(name: str) -> None:
    settings = replace(PRESETS[name], capacity=PRESETS[name].capacity // 64, widest=8)
    nets = networks_of(settings, FILMS).eval()
    assert torch.isfinite(drawn_by(settings, nets, FILMS, range(2))).all()


def test_all_that_is_wrong_with_settings_is_said_at_once() -> None:
    with pytest.raises(InputError) as refused:
        StyleGAN2Settings(
            Training(n_images=8, augmentation="edm"), n_z=0, path_every=0, mixing=1.5, truncation=-1.0
        )
    for word in ("n_z", "path_every", "mixing", "truncation", "augmentation"):
        assert word in str(refused.value)
