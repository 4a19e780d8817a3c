"""What may be chosen about an autoencoder."""

from __future__ import annotations

import pytest

from doppelscan.errors import InputError
from doppelscan.generators import changed, family_named
from doppelscan.generators.family import Subject
from doppelscan.generators.vae.settings import PRESETS


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        changed(PRESETS["tiny"], ["blocks=0", "kl_weight=-1", "learning_rate=0", "patch_channels=8,0"])
    for name in ("blocks", "kl_weight", "learning_rate", "patch_channels"):
        assert name in str(caught.value)


def test_augmentation_that_must_be_told_is_refused() -> None:
    with pytest.raises(InputError, match="edm is for networks that are told of it"):
        changed(PRESETS["tiny"], ["augmentation=edm"])
    assert changed(PRESETS["tiny"], ["augmentation=dar"]).autoencoder.training.augmentation == "dar"


def test_latents_cover_what_is_padded() -> None:
    settings = changed(PRESETS["tiny"], ["channels=8,8,8", "latent_channels=3"]).autoencoder
    assert settings.latents_of(Subject((5, 9, 12))) == (3, 3, 3)
    assert settings.latents_of(Subject((1, 32, 256, 256))) == (3, 8, 64, 64)


def test_the_papers_shapes_are_those_of_the_presets() -> None:
    presets = family_named("latent_diffusion").presets
    assert presets["films"].autoencoder.latents_of(Subject((1, 512, 512))) == (4, 64, 64)
    for name in ("volumes", "dar"):
        assert presets[name].autoencoder.latents_of(Subject((1, 32, 256, 256))) == (8, 8, 64, 64)
        assert presets[name].autoencoder.latents_of(Subject((1, 64, 64, 64))) == (8, 16, 16, 16)
