"""`doppelscan study`: a grid of generators is trained, drawn from and audited; claims about it are settled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.completing import recipes
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Device, Json, Memory, Ray, Workers, as_resources, resources_on
from doppelscan.errors import InputError, Problem
from doppelscan.store import locked, parse_toml, refuse_objects
from doppelscan.studies.shipped import recipe_named
from doppelscan.workers import elsewhere, gpus_elsewhere

if TYPE_CHECKING:
    from doppelscan.settings import Resources
    from doppelscan.studies import Recipe, Study

__all__ = ["study"]


def study(
    recipe: Annotated[
        Path, typer.Argument(help="A recipe's file, or akbar, dar or sagers.", autocompletion=recipes)
    ],
    out: Annotated[Path, typer.Option(help="Folder for the cells, the table and the page.")],
    data: Annotated[Path, typer.Option(help="Folder that the recipe's image sets lie in.")] = Path(),
    scale: Annotated[
        str | None, typer.Option(help="One of the recipe's scales, such as smoke. Default: the whole study.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Cells at once, each in a process of its own. Default: 1; with --ray one a core or GPU.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and how long.")] = False,
    memory: Memory = None,
    workers: Workers = None,
    ray: Ray = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Run a study: every cell of a recipe is trained, drawn from, audited; run again, it goes on where it stood.

    Cells that fail are listed and do not stop the others.
    """
    recipe = recipe_named(recipe)
    if _is_of_utility(recipe):
        _refuse_for_utility({"--dry-run": dry_run, "--jobs": jobs, "--ray": ray})
        _utility(recipe, scale, out, data, as_resources(memory, workers, device), as_json=as_json)
        return
    from doppelscan.report import write_study_page
    from doppelscan.studies import read_recipe
    from doppelscan.studies import study as run

    refuse_objects(out)
    asked = read_recipe(recipe, scale)
    if dry_run:
        say("\n".join(_planned(asked, out, data, jobs or 1, as_resources(memory, workers, device))))
        return
    with resources_on(ray, memory, workers, device) as resources, shown_progress() as progress:
        at_once = jobs or gpus_elsewhere() or elsewhere() or 1
        done = run(asked, out=out, data=data, jobs=at_once, resources=resources, progress=progress)
        page = write_study_page(out)
    if as_json:
        claims = [one.to_json() for one in done.settled]
        content = {"cells": len(done.cells), "failures": dict(done.failures), "claims": claims}
        say(json.dumps(content, ensure_ascii=False))
    else:
        say("\n".join([*_lines(done), f"Page: {page}"]))


def _is_of_utility(path: Path) -> bool:
    """Whether the recipe says that it is one of utility; one that cannot be read is not."""
    from doppelscan.studies.utilities import UTILITY_RECIPE

    try:
        return parse_toml(path.read_bytes()).get("format") == UTILITY_RECIPE
    except (OSError, ValueError):
        return False


def _refuse_for_utility(given: dict[str, object]) -> None:
    """Refuse what only studies of generators know, rather than pass it over: a dry run would run for hours."""
    if asked := [option for option, value in given.items() if value]:
        what, cure = "a recipe of utility does not know it", "leave it out"
        raise InputError([Problem(what, where=option, cure=cure) for option in asked])


def _utility(
    recipe: Path, scale: str | None, out: Path, data: Path, resources: Resources, *, as_json: bool
) -> None:
    from doppelscan.report.utility_page import write_utility_report
    from doppelscan.studies.utilities import read_utility_recipe, utility_study

    asked = read_utility_recipe(recipe, scale)
    with locked(out), shown_progress() as progress:
        found = utility_study(asked, out=out, data=data, resources=resources, progress=progress)
    pages = {source: write_utility_report(out / source) for source in found}
    if as_json:
        say(json.dumps({source: one.to_json() for source, one in found.items()}, ensure_ascii=False))
        return
    for source, one in found.items():
        lines = [f"{source}:", *(f"  {worth.sentence}" for worth in one.worths), f"  Page: {pages[source]}"]
        say("\n".join(lines))


def _planned(recipe: Recipe, out: Path, data: Path, jobs: int, resources: Resources) -> Iterator[str]:
    from doppelscan.studies.forecast import forecast

    with shown_progress() as progress:
        times = forecast(recipe, out=out, data=data, resources=resources, progress=progress)
    yield from (f"{_duration(seconds):>8}  {cell.name}" for cell, seconds in times)
    together = sum(seconds for _, seconds in times) / jobs
    yield f"{len(times)} cells, {jobs} at once: about {_duration(together)} of training and drawing, audits on top."


def _lines(done: Study) -> Iterator[str]:
    yield f"{len(done.cells)} cells finished, {len(done.failures)} failed."
    yield from (f"Failed: {cell}: {why}" for cell, why in done.failures.items())
    for one in done.settled:
        found = one.difference
        yield (
            f"{one.verdict}: {one.contrast.claim}: {one.contrast.outcome} {found.value:+.3g} "
            f"[{found.low:+.3g}, {found.high:+.3g}], {found.n} seeds"
        )


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
