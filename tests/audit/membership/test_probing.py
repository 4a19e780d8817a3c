"""The errors of a model are those of its equations, the same in any company, and are not computed twice."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.audit.membership import MembershipSettings
from doppelscan.audit.membership import probing as room
from doppelscan.audit.membership.probing import PROBES, Prober, levels, probed
from doppelscan.generators import Keeping, Model, changed, family_named, fit
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.noise import Noise
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.workers import silent

CPU = torch.device("cpu")
ALPHA_BAR = torch.cumprod(1 - torch.linspace(1e-3, 0.05, 80), 0)


def _half(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """A network of known equation: a share of x that depends on the step and the label."""
    share = 0.3 + 0.01 * t + 0.1 * labels
    return share.reshape(-1, *(1,) * (x.ndim - 1)).to(x.dtype) * x


KNOWN = Denoiser(ALPHA_BAR, lambda images: images, _half)


def test_every_error_is_that_of_its_equation() -> None:
    x0 = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(2, 1, 3, 4)
    labels, steps, n_draws = torch.tensor([0, 1]), [10, 40], 3
    found = probed(KNOWN, x0, labels, Noise.of([5, 6], CPU), steps=steps, n_draws=n_draws)
    a = ALPHA_BAR.double().numpy()
    for i in range(2):
        x = x0[i].numpy()

        def says(y: np.ndarray, t: int, label: int = i) -> np.ndarray:
            return (0.3 + 0.01 * t + 0.1 * label) * y

        def noisy(eps: np.ndarray, t: int, x: np.ndarray = x) -> np.ndarray:
            return math.sqrt(a[t]) * x + math.sqrt(1 - a[t]) * eps

        clear, expected = says(x, 0), []
        draws = [[noise[i].numpy() for noise in own] for own in _draws(i, steps, n_draws)]
        expected += [
            np.mean([np.mean((says(noisy(eps, t), t) - eps) ** 2) for eps in own])
            for t, own in zip(steps, draws, strict=True)
        ]
        expected += [np.mean((says(noisy(clear, t), t) - clear) ** 2) for t in steps]
        np.testing.assert_allclose(found[i].numpy(), expected, rtol=1e-5)


def _draws(_image: int, steps: list[int], n_draws: int) -> list[list[torch.Tensor]]:
    """The noise of both images, in the order in which it is drawn."""
    noise = Noise.of([5, 6], CPU)
    return [[noise.normal(1, 3, 4) for _ in range(n_draws)] for _ in steps]


def test_a_model_that_knows_the_noise_of_its_image_has_no_loss_on_it() -> None:
    x0 = torch.rand(1, 1, 4, 4)

    def knows(x: torch.Tensor, t: torch.Tensor, _labels: torch.Tensor) -> torch.Tensor:
        a = ALPHA_BAR[t].reshape(-1, 1, 1, 1)
        return (x - a.sqrt() * x0) / (1 - a).sqrt()

    seen = Denoiser(ALPHA_BAR, lambda images: images, knows)
    loss = probed(seen, x0, torch.tensor([-1]), Noise.of([0], CPU), steps=[20, 50], n_draws=2)[0, :2]
    assert loss.max() < 1e-10


@pytest.mark.parametrize("n_steps", [2, 50, 1000])
@pytest.mark.parametrize("n", [1, 8])
def test_levels_are_different_steps_behind_the_first(n_steps: int, n: int) -> None:
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, n_steps) * 1000 / max(n_steps, 50), 0)
    steps = levels(Denoiser(alpha_bar, KNOWN.start, KNOWN.noise), n)
    assert 1 <= len(steps) <= n
    assert steps == sorted(set(steps))
    assert steps[0] >= 1
    assert steps[-1] < n_steps


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A very small model of films of 8 pixels that has hardly learnt."""
    small = [
        "channels=8,8",
        "attention=false,false",
        "head_channels=8",
        "steps=50",
        "training.n_images=8",
        "training.batch=8",
    ]
    chosen = changed(family_named("ddpm").presets["tiny"], small)
    return fit(some(12), chosen, out=tmp_path_factory.mktemp("model"), keeping=Keeping(marks=1, grid=0))


def some(n: int) -> ImageSet:
    return ImageSet.from_arrays(stream(0, "some").integers(0, 255, (n, 1, 8, 8)).astype(np.uint8))


def prober(model: Model, **changes: int) -> Prober:
    return Prober(model, MembershipSettings(n_levels=2, n_draws=1, **changes), labelled=False)


def test_an_image_has_the_same_errors_in_any_company(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = some(21)
    whole = prober(model).errors(images, silent)
    assert whole.shape == (21, 2 * len(PROBES))
    assert np.isfinite(whole).all()
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path))
    monkeypatch.setattr(room, "_SHARD", 5)
    np.testing.assert_array_equal(prober(model).errors(images.take([20, 3, 7]), silent), whole[[20, 3, 7]])
    assert not np.array_equal(prober(model, seed=1).errors(images.take([3]), silent), whole[[3]])


def test_what_was_asked_before_an_interruption_is_not_asked_again(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_SHARD", 5)
    images, asked = some(13), []
    ask = Prober._asked

    def counted(self: Prober, some: ImageSet, *rest: object) -> np.ndarray:
        asked.append(some.table["id"].tolist())
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask(self, some, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Prober, "_asked", counted)
    with pytest.raises(KeyboardInterrupt):
        prober(model).errors(images, silent)
    whole = prober(model).errors(images, silent)
    assert len(asked) == 4
    assert set(asked[-1]) == {"000010", "000011", "000012"}
    monkeypatch.setattr(Prober, "_asked", ask)
    monkeypatch.setattr(room, "_SHARD", 100)
    np.testing.assert_array_equal(prober(model).errors(images, silent), whole)
