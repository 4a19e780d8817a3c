"""A recipe small enough for tests: a diffusion model of 16-pixel phantoms that sees a few images."""

from __future__ import annotations

RECIPE = """
format = "doppelscan-recipe/1"
title = "A small study"
seeds = [0, 1]

[sources.chest]
phantoms = "chest"
patients = 40
size = 16
held_out = 20

[fixed]
source = "chest"
family = "ddpm"
preset = "tiny"
images = 6
repeats = 1
fitted_on = "these"
samples = 4
length = "short"
network = "small"

[[grid]]
images = [3, 6]

[levels.length]
short = { ddpm = ["n_images=8"] }

[levels.network]
small = { ddpm = ["channels=8,8", "attention=false,false", "head_channels=8", "batch=4", "sampler_steps=1"] }

[audit]
method = "pearson"
n_controls = 2

[[contrasts]]
claim = "More images lower copying"
factor = "images"
low = 3
high = 6
outcome = "copied"
expected = "lower"
"""
