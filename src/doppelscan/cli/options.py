"""The options that several commands share, and what they become."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources, cores, give_back_memory, parse_memory
from doppelscan.workers import elsewhere, on_ray

if TYPE_CHECKING:
    from doppelscan.images.preparation import Preparation

__all__ = [
    "Channels",
    "Device",
    "Encoder",
    "Holdout",
    "Json",
    "Memory",
    "MovedHoldout",
    "MovedSynthetic",
    "MovedTrain",
    "PatientPattern",
    "Ray",
    "RedactTraining",
    "Seed",
    "Size",
    "Synthetic",
    "Workers",
    "as_preparation",
    "as_resources",
    "resources_on",
]

_PROGRAM = 640 * 2**20
"""Bytes that an audit takes for itself: interpreter, libraries, compiled loops (measured by `benchmarks/memory.py`)."""
_CHILD = 64 * 2**20
"""Bytes that each further process takes which decodes files."""
_LEAST = 128 * 2**20
"""Bytes for pixels with which an audit still keeps to what it was given, by the same measurement."""

Size = Annotated[str | None, typer.Option(help="Resize every image to this many pixels: 128, or 256x256x32.")]
Channels = Annotated[str | None, typer.Option(help="grey, rgb, or the channels to take, such as 0,2.")]
Memory = Annotated[
    str | None,
    typer.Option(
        help="Memory that the command may take, such as 2GB. Default: half of what is free, for pixels."
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Worker processes. Default: every core, with --ray of the cluster.")
]
Ray = Annotated[
    str | None,
    typer.Option("--ray", help="Work on a Ray cluster: auto for the one of this machine, or an ADDRESS."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")]
Encoder = Annotated[
    str,
    typer.Option(
        help="default or dar (paper B's), trained on these sets; or a pretrained one's file or folder."
    ),
]
Seed = Annotated[int, typer.Option(help="Whatever is drawn is drawn by this seed.")]
PatientPattern = Annotated[
    str | None, typer.Option(help="Regular expression that finds the patient in an id.")
]
RedactTraining = Annotated[bool, typer.Option(help="No training image or patient id in the report.")]
Synthetic = Annotated[str, typer.Option(help="The images that it made.")]
Holdout = Annotated[str | None, typer.Option(help="Real images of patients that it never saw.")]
MovedTrain = Annotated[str | None, typer.Option(help="Where the training set is now, if it has moved.")]
MovedSynthetic = Annotated[str | None, typer.Option(help="Where the synthetic set is now, if it has moved.")]
MovedHoldout = Annotated[str | None, typer.Option(help="Where the held-out set is now, if it has moved.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]


def as_resources(memory: str | None, workers: int | None, device: str = "auto") -> Resources:
    """What the command may use.

    Raises
    ------
    InputError
        If `memory` is less than the program takes before it holds an image.
    """
    chosen = Resources(workers=workers or elsewhere() or cores(), device=device)
    if memory is None:
        return chosen
    give_back_memory()
    return replace(chosen, memory=_for_pixels(memory, chosen.threads))


def _for_pixels(memory: str, n_processes: int) -> int:
    """What is left for blocks of pixels, of all that the command may take on a machine."""
    told = parse_memory(memory)
    program = cores() * _PROGRAM if elsewhere() else _PROGRAM + (n_processes - 1) * _CHILD
    if told < program + _LEAST:
        what = f"{memory} is too little: {program >> 20}MB go to the program itself"
        cure = f"give {(program + _LEAST) >> 20}MB or more"
        raise InputError(Problem(what, where="--memory", cure=cure))
    return told - program


@contextlib.contextmanager
def resources_on(
    ray: str | None, memory: str | None, workers: int | None, device: str = "auto"
) -> Iterator[Resources]:
    """What the command may use, here or, with `--ray`, on a cluster that takes work until the block ends."""
    with on_ray(ray):
        yield as_resources(memory, workers, device)


def as_preparation(preset: str | None = None, **options: object) -> Preparation:
    """The preparation that a preset and the options give; an option that is None leaves the preset's value."""
    from doppelscan.images.preparation import PRESETS, Preparation

    values = {name: value for name, value in options.items() if value is not None}
    for name in {"size", "crop_or_pad"} & values.keys():
        values[name] = _lengths(str(values[name]))
    if "channels" in values:
        values["channels"] = _channels(str(values["channels"]))
    return Preparation.from_json((PRESETS[preset].to_json() if preset else {}) | values)


def _lengths(text: str) -> list[int]:
    from doppelscan.images.preparation import parse_size

    return list(parse_size(text))


def _channels(text: str) -> str | list[int]:
    parts = text.split(",")
    return [int(part) for part in parts] if all(part.strip().isdecimal() for part in parts) else text
