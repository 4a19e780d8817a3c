"""Diffusion of latents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators import Drawing, Model, changed, family_named, fit
from doppelscan.generators import latent_diffusion as latent
from doppelscan.generators.family import Batch, Subject
from doppelscan.generators.vae.objective import codes_of

from ..small import QUIET, pictures, settings, weights

IMAGES = pictures((2, 13, 10))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that was trained for a moment."""
    return fit(
        IMAGES, settings("latent_diffusion"), out=tmp_path_factory.mktemp("model") / "m", keeping=QUIET
    )


def kept(model: Model) -> torch.Tensor:
    """What the encoder makes of the images."""
    x = model.description.intensities.scaled(IMAGES.read(0, len(IMAGES)))
    return latent.encoded(model.description.settings, model.networks, x)  # type: ignore[arg-type]


def test_latents_are_scaled_to_unit_deviation(model: Model) -> None:
    scaled = model.networks["scale"](kept(model)).double().movedim(1, 0).flatten(1)
    assert scaled.mean(1).tolist() == pytest.approx([0, 0], abs=1e-3)
    assert scaled.std(1, correction=0).tolist() == pytest.approx([1, 1], abs=1e-3)


def test_latents_of_an_image_do_not_depend_on_its_place_in_a_batch() -> None:
    chosen = changed(family_named("latent_diffusion").presets["tiny"], ["autoencoder.training.batch=5"])
    torch.manual_seed(0)
    added = family_named("latent_diffusion").stages[0].networks(chosen, Subject((1, 16, 16)))
    networks = torch.nn.ModuleDict(added).eval()
    images = torch.randn(16, 1, 16, 16)
    with torch.no_grad():
        one, other = (latent.encoded(chosen, networks, images.roll(k, 0)) for k in (0, 1))
    assert torch.equal(one, other.roll(-1, 0))


def test_diffusion_learns_the_loss_of_ddpm_on_scaled_latents(model: Model) -> None:
    about, latents = model.description, kept(model)
    scaled = (latents - model.networks["scale"].mean.reshape(-1, 1, 1)) / model.networks[
        "scale"
    ].deviation.reshape(-1, 1, 1)
    unknown = torch.full((len(latents),), -1)

    def batch(images: torch.Tensor) -> Batch:
        return Batch(images, unknown, images.new_zeros(len(images), 0), 0, 0)

    ddpm = family_named("ddpm").stages[0]
    assert ddpm.validation is not None
    torch.manual_seed(3)
    expected = ddpm.validation(about.settings.diffusion, model.networks, batch(scaled))  # type: ignore[attr-defined]
    torch.manual_seed(3)
    found = latent.loss_of_each(about.settings, model.networks, batch(latents))  # type: ignore[arg-type]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_the_autoencoder_does_not_change_while_diffusion_learns(model: Model, tmp_path: Path) -> None:
    longer = fit(IMAGES, settings("latent_diffusion", "n_images=64"), out=tmp_path / "m", keeping=QUIET)
    first = sorted((model.folder / "checkpoints").glob("0-*"))[-1]
    assert first.exists()
    last = weights(tmp_path / "m")
    state = longer.networks["decoder"].state_dict()
    for name, value in state.items():
        assert torch.equal(value, model.networks["decoder"].state_dict()[name])
    assert not any("networks/decoder" in name for name in last)


def test_images_are_encoded_in_the_parts_that_training_held(model: Model) -> None:
    about = model.description
    x = about.intensities.scaled(IMAGES.read(0, 12))
    smaller = changed(about.settings, ["autoencoder.training.at_once=5"])
    torch.testing.assert_close(
        latent.encoded(smaller, model.networks, x),  # type: ignore[arg-type]
        kept(model),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_sample_of_latents_is_drawn_each_time(tmp_path: Path) -> None:
    chosen = settings("latent_diffusion", "latents=sample", "kl_weight=1.0")
    model = fit(IMAGES, chosen, out=tmp_path, keeping=QUIET)
    said, codes = kept(model), codes_of(model.networks)
    assert said.shape[1] == codes.n_said
    torch.manual_seed(0)
    assert not torch.equal(codes.drawn(said), codes.drawn(said))
    assert model.sample([0]).read(0, 1).shape == (1, 2, 13, 10)


@pytest.mark.parametrize("changes", [["codes=vq", "n_codes=16"], ["diffusion.training.augmentation=edm"]])
def test_codes_and_augmented_latents_are_learnt_too(changes: list[str], tmp_path: Path) -> None:
    model = fit(IMAGES, settings("latent_diffusion", *changes), out=tmp_path, keeping=QUIET)
    together, alone = model.sample([4, 9, 1]), model.sample([9])
    np.testing.assert_array_equal(together.read(0, 3)[1], alone.read(0, 1)[0])


def test_it_is_drawn_as_ddpm_is(tmp_path: Path) -> None:
    chosen = settings("latent_diffusion", "conditional=true")
    model = fit(pictures((1, 8, 8)), chosen, out=tmp_path, keeping=QUIET)
    plain = model.sample([0], Drawing(label="low", guidance=1.0)).read(0, 1)
    assert not np.array_equal(plain, model.sample([0], Drawing(label="high", guidance=5.0)).read(0, 1))
    assert model.sample([0], Drawing(sampler="ddpm", steps=4)).read(0, 1).shape == (1, 1, 8, 8)
    with pytest.raises(InputError, match="'euler' is no sampler"):
        model.sample([0], Drawing(sampler="euler")).read(0, 1)


def test_latents_within_bounds_are_refused() -> None:
    with pytest.raises(InputError, match="latents may be of any size"):
        changed(family_named("latent_diffusion").presets["tiny"], ["diffusion.bounded=true"])
