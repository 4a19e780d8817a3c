"""What is a study? A TOML file: images, what is fixed, what is varied, and what is claimed, written before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.store import parse_toml
from doppelscan.studies.outcomes import OUTCOMES

__all__ = [
    "COUNTED",
    "FACTORS",
    "RECIPE_FORMAT",
    "Contrast",
    "Level",
    "Recipe",
    "Source",
    "at_scale",
    "is_name",
    "merged",
    "place_of",
    "read_recipe",
    "recipe_of",
]

RECIPE_FORMAT = "doppelscan-recipe/1"

FACTORS = ("source", "family", "preset", "images", "repeats", "fitted_on", "samples")
"""Factors that every study knows; all others are levels that the recipe names."""

COUNTED = ("images", "repeats", "samples")
FITTED_ON = ("these", "others")
"""The patients that are audited, or as many others: the null of a generator's artefacts."""

Level = tuple[str, ...] | dict[str, tuple[str, ...]]
"""Changes of settings, `key=value`; or such changes by family."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Source:
    """Where images come from, how they are prepared, and which patients no generator sees.

    Attributes
    ----------
    images
        A path below the folder that `--data` names.
    phantoms
        Instead of `images`: `chest` films, `brain` slices, `volumes` of brains, `skin`; made as they are asked for.
    preparation
        As for `prepare`: size, channels, intensity, slices ...
    patients, each, size
        Of phantoms: how many patients, images of each (slices of one volume, films), pixels along each axis.
    held_out
        Patients that no generator sees, the null of every audit.
    patient_pattern
        A regular expression that finds the patient in an id.
    labelled
        Whether images that have no label are left out.
    """

    images: str | None = None
    phantoms: Literal["chest", "brain", "volumes", "skin"] | None = None
    preparation: dict[str, Any] = field(default_factory=dict)
    patients: int = 1000
    each: int = 1
    size: int = 64
    held_out: int = 100
    patient_pattern: str | None = None
    labelled: bool = False

    def __post_init__(self) -> None:
        if (self.images is None) == (self.phantoms is None):
            raise ValueError("name either images or phantoms")
        if min(self.held_out, self.patients, self.each) < 1:
            raise ValueError("held_out, patients and each are at least 1")
        if self.images is not None and not _stays_below(self.images):
            raise ValueError(f"{self.images!r} leads out of the folder that --data names")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Contrast:
    """A claim about two levels of one factor, all else equal.

    Attributes
    ----------
    claim
        What is claimed, as a sentence.
    of
        Who claimed it.
    factor, low, high
        The factor and the two levels that are compared.
    outcome
        What is measured.
    expected
        How the outcome at `high` should be, compared with that at `low`.
    where
        Cells that count, by the levels of other factors. Empty: all.
    """

    claim: str
    factor: str
    low: str | int
    high: str | int
    outcome: str
    expected: Literal["higher", "lower"]
    of: str = ""
    where: dict[str, str | int] = field(default_factory=dict)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Recipe:
    """One study at one scale.

    Attributes
    ----------
    seeds
        Every combination runs once for each: another draw of patients, of weights, of samples.
    fixed
        The level of each factor where a grid does not vary it.
    grid
        Blocks; each varies some factors over all combinations of their levels.
    levels
        The recipe's own factors: their levels by name, as changes of the families' settings.
    audit
        Settings of each audit: method, effort, fdr, n_controls.
    """

    title: str
    seeds: tuple[int, ...]
    sources: dict[str, Source]
    fixed: dict[str, str | int]
    grid: tuple[dict[str, tuple[str | int, ...]], ...]
    levels: dict[str, dict[str, Level]] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    contrasts: tuple[Contrast, ...] = ()

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))


def read_recipe(path: Path, scale: str | None = None) -> Recipe:
    """The recipe in a file, with what `[scale.NAME]` changes of it.

    Raises
    ------
    InputError
        If it is no TOML, there is no such scale, or anything in it is unknown, missing or contradicts the rest; a
        FormatError if it is no recipe of this version.
    """
    try:
        content = parse_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(Problem(f"cannot be read as a recipe: {error}", where=str(path))) from error
    if content.pop("format", None) != RECIPE_FORMAT:
        raise FormatError(
            Problem("is no recipe", where=str(path), cure=f'begin with format = "{RECIPE_FORMAT}"')
        )
    return recipe_of(at_scale(content, scale, path), str(path))


def at_scale(content: Mapping[str, Any], scale: str | None, path: Path) -> dict[str, Any]:
    """A recipe's content without its scales, but for what the one that is asked for changes.

    Raises
    ------
    InputError
        If there is no such scale.
    """
    scales = content.get("scale", {})
    if not (isinstance(scales, Mapping) and all(isinstance(one, Mapping) for one in scales.values())):
        raise InputError(Problem("is no table of tables", where=f"{path}: scale", cure="[scale.NAME]"))
    if scale is not None and scale not in scales:
        cure = f"one of {', '.join(scales)}" if scales else "this recipe has one scale only"
        raise InputError(Problem(f"{scale!r} is no scale of {path.name}", where="--scale", cure=cure))
    whole = {name: value for name, value in content.items() if name != "scale"}
    return merged(whole, {} if scale is None else scales[scale])


def recipe_of(values: Mapping[str, Any], where: str) -> Recipe:
    """The recipe of these plain values.

    Raises
    ------
    InputError
        If anything in it is unknown, missing or contradicts the rest: all of it at once.
    """
    try:
        return TypeAdapter(Recipe).validate_python(values)
    except ValidationError as error:
        found = [Problem(one["msg"], where=f"{where}: {place_of(one['loc'])}") for one in error.errors()]
        raise InputError(found) from error


def is_name(text: str) -> bool:
    """Whether a folder may be called by this, beside others."""
    return bool(re.fullmatch(r"[^\W_][^/\\\x00-\x1f]{0,99}", text))


def place_of(path: tuple[int | str, ...]) -> str:
    """Where in a recipe something is wrong."""
    return ".".join(map(str, path)) or "recipe"


def _stays_below(path: str) -> bool:
    """Whether a path, put after a folder's, leads to something in it."""
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged; anything else is replaced."""
    whole = dict(content)
    for name, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(content.get(name), Mapping)
        whole[name] = merged(content[name], value) if both else value
    return whole


def _problems(recipe: Recipe) -> Iterator[str]:
    """What does not fit together."""
    if len(set(recipe.seeds)) < len(recipe.seeds) or not recipe.seeds:
        yield "seeds: name each once, and at least one"
    named = (*recipe.sources, *(name for levels in recipe.levels.values() for name in levels))
    yield from (f"{name!r} is no name: folders are called by it" for name in named if not is_name(name))
    known = {*FACTORS, *recipe.levels}
    if both := sorted(set(FACTORS) & set(recipe.levels)):
        yield f"levels: {', '.join(both)} is a factor of every study"
    if missing := sorted(known - set(recipe.fixed)):
        yield f"fixed: say what {', '.join(missing)} is where it is not varied"
    fixed: dict[str, Sequence[str | int]] = {name: (value,) for name, value in recipe.fixed.items()}
    blocks: list[Mapping[str, Sequence[str | int]]] = [fixed, *recipe.grid]
    for number, block in enumerate(blocks):
        for factor, levels in block.items():
            place = f"grid {number}" if number else "fixed"
            yield from (f"{place}: {what}" for what in _wrong_levels(recipe, factor, levels))
    for contrast in recipe.contrasts:
        yield from (f"{contrast.claim!r}: {what}" for what in _wrong_claim(recipe, contrast))


def _wrong_claim(recipe: Recipe, contrast: Contrast) -> Iterator[str]:
    """What is wrong with a claim."""
    if contrast.outcome not in OUTCOMES:
        yield f"{contrast.outcome!r} is not measured (one of {', '.join(OUTCOMES)})"
    yield from _wrong_levels(recipe, contrast.factor, (contrast.low, contrast.high))
    for factor, level in contrast.where.items():
        yield from _wrong_levels(recipe, factor, (level,))


def _wrong_levels(recipe: Recipe, factor: str, levels: Sequence[str | int]) -> Iterator[str]:
    """What is wrong with a factor or its levels, as far as the recipe itself can tell."""
    named = {"source": recipe.sources, "fitted_on": FITTED_ON, **recipe.levels}
    if factor not in {*FACTORS, *recipe.levels}:
        yield f"{factor!r} is no factor (one of {', '.join([*FACTORS, *recipe.levels])})"
    elif factor in COUNTED:
        yield from (f"{factor} is {level!r}, no number above 0" for level in levels if not _counts(level))
    elif factor in named:
        unknown = [level for level in levels if level not in named[factor]]
        yield from (f"{level!r} is no {factor} (one of {', '.join(named[factor])})" for level in unknown)


def _counts(level: str | int) -> bool:
    return isinstance(level, int) and level > 0
