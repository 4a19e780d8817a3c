"""`doppelscan prepare`: a source of images becomes a set on disk, or two that share no patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, say_error, shown_progress
from doppelscan.cli.options import (
    Channels,
    Memory,
    PatientPattern,
    Ray,
    Seed,
    Size,
    Workers,
    as_preparation,
    resources_on,
)
from doppelscan.store import shown

if TYPE_CHECKING:
    from doppelscan.imagesets import ImageSet

__all__ = ["prepare"]


def prepare(
    source: _Source,
    out: _Out,
    size: Size = None,
    fit: _Fit = None,
    channels: Channels = None,
    spacing: _Spacing = None,
    intensity: _Intensity = None,
    percentiles: _Percentiles = None,
    window: _Window = None,
    slices: _Slices = None,
    min_foreground: _MinForeground = None,
    foreground_above: _ForegroundAbove = None,
    foreground_channel: _ForegroundChannel = None,
    crop_or_pad: _CropOrPad = None,
    preset: _Preset = None,
    holdout: _Holdout = None,
    patient_pattern: PatientPattern = None,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    ray: Ray = None,
) -> None:
    """Read, prepare and keep a set of images; run again after an interruption, it goes on where it stood."""
    from doppelscan.imagesets import open_images, save
    from doppelscan.store import staged
    from doppelscan.workers import processes_kept

    preparation = as_preparation(
        preset,
        size=size,
        fit=fit,
        channels=channels,
        spacing_mm=spacing,
        intensity=intensity,
        percentiles=percentiles,
        window=window,
        slices=slices,
        min_foreground=min_foreground,
        foreground_above=foreground_above,
        foreground_channel=foreground_channel,
        crop_or_pad=crop_or_pad,
    )
    with (
        resources_on(ray, memory, workers) as resources,
        processes_kept(),
        shown_progress() as progress,
        staged(out, last=("imageset.json",)) as folder,
    ):
        images = open_images(source, patient_pattern=patient_pattern, resources=resources, progress=progress)
        written = [
            save(part, place, preparation=preparation, resources=resources, progress=progress)
            for place, part in _parts(images, folder, holdout, seed).items()
        ]
        told = [_written(part, part.name.replace(str(folder), shown(out))) for part in written]
    for line, unreadable in told:
        say(line)
        if unreadable:
            say_error(unreadable)


_Source = Annotated[str, typer.Argument(help="A folder, a table naming files, or one file.")]
_Out = Annotated[Path, typer.Option(help="The set's folder; with --holdout, the folder of both.")]
_Fit = Annotated[Literal["stretch", "pad", "crop"] | None, typer.Option(help="How --size is reached")]
_Spacing = Annotated[float | None, typer.Option(help="Resample to this spacing, in mm.")]
_Intensity = Annotated[
    Literal["none", "percentile", "window", "max"] | None,
    typer.Option(help="How values become 8-bit; none keeps them."),
]
_Percentiles = Annotated[tuple[float, float] | None, typer.Option(help="For --intensity percentile.")]
_Window = Annotated[
    tuple[float, float] | None, typer.Option(help="Centre and width, for --intensity window.")
]
_Slices = Annotated[
    Literal["axial", "coronal", "sagittal"] | None,
    typer.Option(help="Cut volumes into slices of this plane."),
]
_MinForeground = Annotated[float | None, typer.Option(help="Share of a slice that must be foreground.")]
_ForegroundAbove = Annotated[float | None, typer.Option(help="The value above which a pixel is.")]
_ForegroundChannel = Annotated[int | None, typer.Option(help="The channel that is looked at for it.")]
_CropOrPad = Annotated[str | None, typer.Option(help="Crop or pad to this shape, such as 256x256.")]
_Preset = Annotated[
    Literal["akbar"] | None, typer.Option(help="A whole preparation: akbar is that of paper A.")
]
_Holdout = Annotated[
    float | None, typer.Option(help="Keep this share of the patients out of OUT/train, in OUT/holdout.")
]


def _parts(images: ImageSet, out: Path, holdout: float | None, seed: int) -> dict[Path, ImageSet]:
    """What is written where: the whole set, or training and held-out patients apart."""
    from doppelscan.imagesets import split

    if holdout is None:
        return {out: images}
    trained, held = split(images, holdout, seed=seed)
    return {out / "train": trained, out / "holdout": held}


def _written(images: ImageSet, name: str) -> tuple[str, str]:
    """What was written, and what could not be read."""
    from doppelscan.imagesets.imageset import by_reason

    patients = f"{images.patients.max() + 1} patients" if images.patients_known else "patients not all known"
    shape = "x".join(map(str, images.shape))
    line = f"{name}: {len(images)} images of {shape}, {images.pixels.dtype}, {patients}"
    if not images.unreadable:
        return line, ""
    problems = [f"not read: {problem}" for problem in by_reason(images.unreadable)]
    named = f"{len(images.unreadable)} could not be read, all named in {name}/imageset.json"
    return line, "\n".join([*problems, named])
