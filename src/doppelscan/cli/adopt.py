"""`doppelscan adopt`: images that were made elsewhere become a generator, with their provenance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from doppelscan.cli.display import say, say_error, shown_progress
from doppelscan.cli.options import Channels, Memory, Size, Workers, as_preparation, as_resources

__all__ = ["adopt"]


def adopt(
    images: Annotated[str, typer.Argument(help="The images: a folder, a table naming files, or an array.")],
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    tool: Annotated[str, typer.Option(help="The program or service that made them.")],
    model: Annotated[str | None, typer.Option(help="Which model of it, with its version.")] = None,
    settings: Annotated[str | None, typer.Option(help="How it was asked: prompts, steps, guidance.")] = None,
    made_on: Annotated[str | None, typer.Option(help="When, as YYYY-MM-DD.")] = None,
    licence: Annotated[
        str | None, typer.Option("--license", help="Under which licence they may be used.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    memory: Memory = None,
    workers: Workers = None,
) -> None:
    """Keep images that were made elsewhere as a generator: `doppelscan sample` then draws them in their order.

    What is said of them goes into the model's folder and into the table of every set that is drawn from it.
    """
    from doppelscan.generators.external import Provenance
    from doppelscan.generators.external import adopt as kept
    from doppelscan.imagesets import open_images
    from doppelscan.imagesets.imageset import by_reason
    from doppelscan.workers import processes_kept

    provenance, resources = Provenance(tool, model, settings, made_on, licence), as_resources(memory, workers)
    with processes_kept(), shown_progress() as progress:
        found = open_images(images, resources=resources, progress=progress)
        preparation = as_preparation(size=size, channels=channels)
        made = kept(
            found, out, provenance, preparation=preparation, resources=resources, progress=progress
        ).images
    if made.unreadable:
        say_error("\n".join(f"not read: {problem}" for problem in by_reason(made.unreadable)))
    say(f"{out}: {len(made)} images by {tool}; draw them with --seeds 0-{len(made) - 1}")
