"""What may be typed next? Names for the shell, told here so that nobody waits for what they name to be loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from doppelscan.studies.shipped import shipped_recipes

__all__ = ["PRESETS", "STRATEGIES", "families", "presets", "recipes", "refits", "strategies"]

PRESETS = {
    "vae": ("tiny", "base"),
    "ddpm": ("tiny", "base", "akbar"),
    "latent_diffusion": ("tiny", "base", "films", "volumes", "dar"),
    "stylegan2": ("tiny", "base", "karras", "akbar"),
    "text_to_image": ("tiny", "base", "lora", "sagers", "pretrained"),
}
"""The presets of each family of generators."""

STRATEGIES = ("text", "inpaint", "outpaint", "in-then-outpaint", "image-to-image")


def families(incomplete: str) -> list[str]:
    """The families of generators that begin so."""
    return _begun(PRESETS, incomplete)


def presets(ctx: Any, incomplete: str) -> list[str]:
    """The presets of the family that was typed; an argument before an option without value is in `ctx.args` yet."""
    typed = {*ctx.args, ctx.params.get("family")}
    return _begun([name for family in PRESETS if family in typed for name in PRESETS[family]], incomplete)


def refits(incomplete: str) -> list[str]:
    """Families with their presets, `ddpm:akbar`."""
    return _begun([f"{family}:{name}" for family, names in PRESETS.items() for name in names], incomplete)


def strategies(incomplete: str) -> list[str]:
    """The ways to draw that begin so."""
    return _begun(STRATEGIES, incomplete)


def recipes(incomplete: str) -> list[str]:
    """The recipes that come with doppelscan; the shell itself completes files."""
    return _begun(shipped_recipes(), incomplete)


def _begun(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
