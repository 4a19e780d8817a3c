"""`doppelscan train`: a generator is fitted to a set of images; the same command goes on where it stood."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.completing import families, presets
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Channels,
    Device,
    Memory,
    PatientPattern,
    Seed,
    Size,
    Workers,
    as_preparation,
    as_resources,
)
from doppelscan.errors import InputError, Problem
from doppelscan.store import refuse_objects

if TYPE_CHECKING:
    from doppelscan.imagesets import ImageSet

__all__ = ["train"]


def train(
    family: Annotated[str, typer.Argument(help="The kind of generator: ddpm, ...", autocompletion=families)],
    images: Annotated[str, typer.Option(help="The images that it learns from.")],
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    holdout: Annotated[
        str | None, typer.Option(help="Real images of other patients: the loss on them is logged beside.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Learn from the images of this label alone.")] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="tiny: minutes on two cores; base: hours on a GPU; or a paper's own.", autocompletion=presets
        ),
    ] = "tiny",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting of the preset: key=value; repeatable.")
    ] = None,
    keep_every: Annotated[
        int | None, typer.Option(min=1, help="Keep a checkpoint for good every so many images.")
    ] = None,
    keep_last: Annotated[int, typer.Option(min=1, help="Keep so many of the last checkpoints.")] = 2,
    keep_minutes: Annotated[
        float, typer.Option(min=0, help="Write a checkpoint at least every so many minutes.")
    ] = 10.0,
    watch_memorization: Annotated[
        bool,
        typer.Option("--watch-memorization", help="Audit samples at each mark, and say when copying begins."),
    ] = False,
    most_copied: Annotated[
        float, typer.Option(help="With it: the copied share that is borne; the best model below it is kept.")
    ] = 0.05,
    amend: Annotated[
        bool, typer.Option(help="Go on with other settings or seed than the training began with.")
    ] = False,
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
) -> None:
    """Train a generator; run again after an interruption, it goes on to the same weights.

    The folder gets checkpoints, grids of samples, curves (metrics.jsonl, tensorboard) and model.json, which says
    what was trained on what. On several GPUs: accelerate launch -m doppelscan train ...
    """
    from doppelscan.generators import Keeping, fit
    from doppelscan.generators import amend as change
    from doppelscan.generators.registry import preset_of
    from doppelscan.imagesets import open_images
    from doppelscan.imagesets.saving import cached
    from doppelscan.workers import processes_kept

    refuse_objects(out)
    settings = preset_of(family, preset, changes or (), where="--preset")
    resources = as_resources(memory, workers, device)
    preparation = as_preparation(size=size, channels=channels)
    with processes_kept(), shown_progress() as progress:
        sets = [
            open_images(path, patient_pattern=patient_pattern, resources=resources, progress=progress)
            for path in (images, holdout)
            if path is not None
        ]
        sets = [
            cached(_of(one, label), preparation=preparation, resources=resources, progress=progress)
            for one in sets
        ]
        if amend:
            change(out, settings, seed=seed)
        held = sets[1] if holdout is not None else None
        keeping = Keeping(last=keep_last, every=keep_every, minutes=keep_minutes)
        if watch_memorization:
            from doppelscan.mitigation import Watching, watched

            keeping = watched(
                keeping,
                out=out,
                settings=settings,
                images=sets[0],
                holdout=held,
                watching=Watching(most_copied=most_copied),
                resources=resources,
            )
        model = fit(
            sets[0],
            settings,
            out=out,
            holdout=held,
            seed=seed,
            keeping=keeping,
            resources=resources,
            progress=progress,
        )
    say(f"{out}: {family} after {model.checkpoint}")
    if watch_memorization:
        say(_when_to_stop(out, most_copied))


def _of(images: ImageSet, label: str | None) -> ImageSet:
    """The images of one label, if one is asked for."""
    if label is None:
        return images
    chosen = (images.table["label"] == label).to_numpy().nonzero()[0]
    if len(chosen) == 0:
        labels = ", ".join(sorted(images.table["label"].dropna().unique())) or "none has a label"
        raise InputError(Problem(f"no image of {images.name} is {label!r}", where="--label", cure=labels))
    return images.take(chosen)


def _when_to_stop(out: Path, most_copied: float) -> str:
    """Which checkpoint to draw from, and where the curve is."""
    from doppelscan.mitigation import looks_at
    from doppelscan.report import write_watch_figure

    figure = write_watch_figure(out)
    _, best = looks_at(out, most_copied)
    if best is None:
        return (
            f"At no mark did surely at most {most_copied:.1%} of the samples copy a patient. Curve: {figure}"
        )
    return (
        f"Nearest to real images of the marks where surely at most {most_copied:.1%} of the samples copy: after "
        f"{best.seen} images (copied {best.copied.percent()}); draw with `sample --at {best.seen}`. Curve: {figure}"
    )
