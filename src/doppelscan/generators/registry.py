"""Which families of generators are there? Each is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from doppelscan.errors import InputError, Problem
from doppelscan.generators.family import AnyFamily, Settings
from doppelscan.generators.options import changed
from doppelscan.meant import one_of

__all__ = ["FAMILIES", "family_named", "family_of", "preset_of"]

FAMILIES = {
    "vae": "doppelscan.generators.vae",
    "ddpm": "doppelscan.generators.ddpm",
    "latent_diffusion": "doppelscan.generators.latent_diffusion",
    "stylegan2": "doppelscan.generators.stylegan2",
    "text_to_image": "doppelscan.generators.text_to_image",
}
"""Names, and the modules whose `FAMILY` they are."""


def family_named(name: str) -> AnyFamily:
    """The family of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in FAMILIES:
        cure = "doppelscan adopt" if name == "external" else one_of(name, FAMILIES)
        what = "is not trained, but taken as it is" if name == "external" else "is no family"
        raise InputError(Problem(f"{name!r} {what}", where="FAMILY", cure=cure))
    family: AnyFamily = importlib.import_module(FAMILIES[name]).FAMILY
    return family


def preset_of(family: str, preset: str, changes: Sequence[str] = (), *, where: str = "preset") -> Settings:
    """The settings of a family's preset, with each `key=value` changed; `where` the preset was named.

    Raises
    ------
    InputError
        If there is no such family, preset or setting.
    """
    presets = family_named(family).presets
    if preset not in presets:
        what = f"{preset!r} is no preset of {family}"
        raise InputError(Problem(what, where=where, cure=one_of(preset, presets)))
    settings: Settings = changed(presets[preset], changes)
    return settings


def family_of(settings: Settings) -> AnyFamily:
    """The family whose settings these are: their class is at home in its module, or below it."""
    module = type(settings).__module__
    found = [name for name, home in FAMILIES.items() if f"{module}.".startswith(f"{home}.")]
    assert found, f"{type(settings).__name__} belongs to no registered family"
    return family_named(found[0])
