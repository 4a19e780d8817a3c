"""What are refitted generators worth on several sets of images? Each source is a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.findings.utility import Utility
from doppelscan.generators.options import settings_of
from doppelscan.generators.registry import preset_of
from doppelscan.settings import Resources
from doppelscan.store import parse_toml
from doppelscan.studies.recipe import Source, at_scale, is_name, place_of
from doppelscan.studies.sources import kept, opened
from doppelscan.utility import Refitted, UtilitySettings, utility
from doppelscan.workers import Progress, silent

__all__ = ["UTILITY_RECIPE", "GeneratorOf", "UtilityRecipe", "read_utility_recipe", "utility_study"]

UTILITY_RECIPE = "doppelscan-utility-recipe/1"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class GeneratorOf:
    """A family that is trained anew on what each cell is granted."""

    family: str
    preset: str = "tiny"
    settings: tuple[str, ...] = ()


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class UtilityRecipe:
    """Measurements of utility at one scale: `utility` holds the settings of all, `only` what differs in a source.

    The patients that a source holds out are those that classifiers are tested on.
    """

    title: str
    sources: dict[str, Source]
    generators: dict[str, GeneratorOf]
    utility: dict[str, Any] = field(default_factory=dict)
    only: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.only) - set(self.sources)):
            raise ValueError(f"only: {', '.join(unknown)} is no source")
        if wrong := [name for name in (*self.sources, *self.generators) if not is_name(name)]:
            raise ValueError(f"{wrong[0]!r} is no name: folders are called by it")

    def settings(self, source: str) -> UtilitySettings:
        """The settings for one source.

        Raises
        ------
        InputError
            If one is unknown or out of range.
        """
        return settings_of(UtilitySettings, self.utility | self.only.get(source, {}))


def read_utility_recipe(path: Path, scale: str | None = None) -> UtilityRecipe:
    """The recipe in a file, with what `[scale.NAME]` changes of it.

    Raises
    ------
    InputError
        If it is no such recipe, there is no such scale, or anything in it is unknown or contradicts the rest.
    """
    try:
        content = parse_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(Problem(f"cannot be read as a recipe: {error}", where=str(path))) from error
    if content.pop("format", None) != UTILITY_RECIPE:
        cure = f'begin with format = "{UTILITY_RECIPE}"'
        raise FormatError(Problem("is no recipe of utility", where=str(path), cure=cure))
    values = at_scale(content, scale, path)
    try:
        return TypeAdapter(UtilityRecipe).validate_python(values)
    except ValidationError as error:
        found = [Problem(one["msg"], where=f"{path}: {place_of(one['loc'])}") for one in error.errors()]
        raise InputError(found) from error


def utility_study(
    recipe: UtilityRecipe,
    *,
    out: Path,
    data: Path,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Mapping[str, Utility]:
    """A measurement of utility for each source, in a folder of its name; run again, what is finished is not repeated.

    Raises
    ------
    InputError
        If a source cannot be opened, or settings will not do: all of them, before anything runs.
    """
    resources = resources or Resources()
    makers, settings = _checked(recipe, resources, progress)
    sets = {}
    for name, source in recipe.sources.items():
        place = kept(source, data, out / "sources", resources=resources, progress=progress)
        sets[name] = opened(source, place)
    found = {}
    for name, patients in sets.items():
        found[name] = utility(
            real=patients.pool,
            test=patients.held_out,
            makers=makers,
            settings=settings[name],
            out=out / name,
            resources=resources,
            progress=progress,
        )
    return found


def _checked(
    recipe: UtilityRecipe, resources: Resources, progress: Progress
) -> tuple[list[Refitted], dict[str, UtilitySettings]]:
    problems: list[Problem] = []
    makers: list[Refitted] = []
    settings: dict[str, UtilitySettings] = {}
    for name in recipe.sources:
        try:
            settings[name] = recipe.settings(name)
        except InputError as error:
            problems += error.problems
    for name, one in recipe.generators.items():
        try:
            fitted = preset_of(one.family, one.preset, one.settings)
            makers.append(Refitted(fitted, resources, progress, label=name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return makers, settings
