"""Samples are led away from training images, and nothing else about them changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cohorts import films
from doppelscan.errors import InputError
from doppelscan.generators import Drawing, Keeping, Model, changed, family_named, fit
from doppelscan.generators.ddpm.schedule import betas_of
from doppelscan.imagesets import ImageSet
from doppelscan.mitigation import Apart
from doppelscan.mitigation.guidance import turned_away

NET = ["channels=8,8", "attention=false,false", "head_channels=8", "batch=4", "n_images=4", "sampler_steps=4"]
SIDE = 12


class Copycat(nn.Module):
    """A network that foresees one image, whatever it sees (v prediction)."""

    def __init__(self, image: torch.Tensor, beta: np.ndarray) -> None:
        super().__init__()
        self.image, self.share = image, torch.from_numpy(np.cumprod(1 - beta)).float()

    def forward(self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        share = self.share[t].view(-1, 1, 1, 1)
        return (share.sqrt() * x - self.image) / (1 - share).sqrt()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    settings = changed(family_named("ddpm").presets["tiny"], NET)
    out = tmp_path_factory.mktemp("guided") / "model"
    return fit(films(12, side=SIDE), settings, out=out, keeping=Keeping(marks=1, grid=0))


def copycat(model: Model, image: np.ndarray) -> Model:
    seen = model.description.intensities.scaled(image[None])
    beta = betas_of("cosine", 1000)
    return replace(model, networks=nn.ModuleDict({"unet": Copycat(seen, beta)}))


def directions(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def pixels(images: ImageSet) -> np.ndarray:
    return images.read(0, len(images))


def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return directions(first) @ directions(second).T


def apart(model: Model, train: ImageSet, limit: float) -> Apart:
    references = torch.from_numpy(directions(pixels(train))).float()
    return Apart(references, dict.fromkeys(range(1000), limit))


def test_a_copycat_that_is_led_draws_no_copy(model: Model) -> None:
    train = films(12, side=SIDE)
    copying = copycat(model, pixels(train)[3] // 4 + 96)  # pale: nothing is cut off beyond white
    free = pixels(copying.sample(range(3)))
    led = pixels(copying.sample(range(3), guide=apart(model, train, 0.6)))
    assert alike(free, pixels(train)).max(axis=1) == pytest.approx([1, 1, 1], abs=0.01)
    assert alike(led, pixels(train)).max() < 0.62  # of whole grey levels


def test_a_sample_that_comes_near_no_image_is_bit_for_bit_the_same(model: Model) -> None:
    guide = apart(model, films(12, side=SIDE), 1.0)
    np.testing.assert_array_equal(pixels(model.sample(range(5))), pixels(model.sample(range(5), guide=guide)))


@pytest.mark.parametrize("sampler", ["dpm++", "ddim", "ddpm"])
def test_a_seed_that_is_led_draws_the_same_alone(model: Model, sampler: str) -> None:
    guide, how = apart(model, films(12, side=SIDE), 0.1), Drawing(sampler=sampler, steps=4)
    together = pixels(model.sample(range(20), how, guide=guide))
    assert not np.array_equal(together, pixels(model.sample(range(20), how)))
    np.testing.assert_array_equal(pixels(model.sample([17], how, guide=guide))[0], together[17])


def test_what_is_led_has_another_fingerprint(model: Model) -> None:
    near, far = (apart(model, films(12, side=SIDE), limit) for limit in (0.5, 0.6))
    found = {model.sample([0], guide=guide).pixels.fingerprint for guide in (None, near, far)}
    assert len(found) == 3


def test_the_limit_is_what_held_out_images_reach(model: Model) -> None:
    train, held = films(12, side=SIDE), films(9, first=40, each=2, side=SIDE)
    copying = copycat(model, pixels(held)[0])
    guide = Apart.of(copying, train, held)
    nearest = alike(pixels(held)[:1], pixels(train)).max()
    assert len(guide.limits) == 4
    assert list(guide.limits.values()) == pytest.approx([nearest] * 4, abs=1e-4)


def test_images_turned_away_are_at_the_limit_and_the_others_untouched() -> None:
    chance = torch.Generator().manual_seed(0)
    references = torch.randn(30, 64, generator=chance)
    references = references - references.mean(1, keepdim=True)
    references = references / references.norm(dim=1, keepdim=True)
    images = torch.randn(40, 1, 8, 8, generator=chance)
    images[:10] = references[:10].view(10, 1, 8, 8) * 3 + 0.2 * images[:10] + 1
    turned = turned_away(images, references, 0.5)
    best = torch.from_numpy(alike(turned.numpy(), references.numpy())).max(dim=1).values
    before = torch.from_numpy(alike(images.numpy(), references.numpy())).max(dim=1).values
    assert best.max() < 0.5 + 1e-4
    near = before > 0.5
    assert near[:10].all()
    assert torch.equal(turned[~near], images[~near])
    for of in (torch.mean, torch.std):
        torch.testing.assert_close(of(turned.flatten(1), 1), of(images.flatten(1), 1), rtol=1e-4, atol=1e-4)


def test_a_family_that_follows_no_guide_says_so(tmp_path: Path) -> None:
    images = films(4, side=SIDE)
    settings = changed(
        family_named("vae").presets["tiny"],
        ["channels=8,8", "patch_channels=8,8", "n_images=4", "batch=4", "adversary_from=none"],
    )
    drawing = fit(images, settings, out=tmp_path / "vae", keeping=Keeping(marks=1, grid=0))
    with pytest.raises(InputError, match="vae follows no guide"):
        Apart.of(drawing, images, images)
    with pytest.raises(InputError, match="vae follows no guide"):
        drawing.sample([0], guide=apart(drawing, images, 0.5))


def test_images_of_another_shape_are_refused(model: Model) -> None:
    with pytest.raises(InputError, match=r"images of \(1, 9, 9\), not \(1, 12, 12\)"):
        Apart.of(model, films(4, side=9), films(4, side=SIDE))
