"""`doppelscan sample`: a generator draws one image a seed; the same command goes on where it stood."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Device
from doppelscan.seeds import parse_seeds

__all__ = ["sample"]


def sample(
    model: Annotated[Path, typer.Argument(help="The folder that `doppelscan train` or `adopt` wrote.")],
    seeds: Annotated[str, typer.Option(help="One image for each of these seeds, both ends included.")],
    out: Annotated[Path, typer.Option(help="Folder for the images.")],
    label: Annotated[str | None, typer.Option(help="What the images shall show.")] = None,
    guidance: Annotated[
        float | None, typer.Option(help="How strongly the label is insisted on; 1: not.")
    ] = None,
    sampler: Annotated[str | None, typer.Option(help="Of diffusion: dpm++, ddim or ddpm.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the sampler.")] = None,
    truncation: Annotated[
        float | None, typer.Option(help="Of StyleGAN: how far from the mean image; 1: all.")
    ] = None,
    at: Annotated[
        int | None, typer.Option(help="The checkpoint after so many images. Default: the last.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Draw images: the same seed gives the same image, whatever else is drawn.

    Parts of the seeds may be drawn on several machines, each into a folder of its own.
    """
    from doppelscan.generators import Drawing, open_generator

    options = Drawing(label, guidance, sampler, steps, truncation)
    chosen, began = parse_seeds(seeds), time.monotonic()
    with shown_progress() as progress:
        drawn = open_generator(model, at=at, device=device).sample_to(chosen, out, options, progress=progress)
    rate = len(drawn) / max(time.monotonic() - began, 1e-9)
    say(f"{out}: {len(drawn)} images, {rate:.3g} a second")
