"""`doppelscan sample`: a generator draws one image a seed; the same command goes on where it stood."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Device
from doppelscan.errors import InputError, Problem
from doppelscan.seeds import parse_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doppelscan.audit.settings import Method
    from doppelscan.generators import Drawing, Generator, Model
    from doppelscan.imagesets import ImageSet
    from doppelscan.mitigation import Apart
    from doppelscan.workers import Progress

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
    keep_apart: Annotated[
        bool, typer.Option("--keep-apart", help="Lead diffusion away from the training images as it draws.")
    ] = False,
    avoid_copies: Annotated[
        bool, typer.Option("--avoid-copies", help="Audit what is drawn, and discard what is suspected.")
    ] = False,
    method: Annotated[
        Literal["pearson", "contrastive", "registered"],
        typer.Option(help="How --avoid-copies audits."),
    ] = "registered",
    train: Annotated[
        str | None, typer.Option(help="The images that the model was trained on, for these two.")
    ] = None,
    holdout: Annotated[
        str | None, typer.Option(help="Real images of patients that it never saw, for these two.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Draw images: the same seed gives the same image, whatever else is drawn.

    Parts of the seeds may be drawn on several machines, each into a folder of its own.
    """
    _refuse_alone(keep_apart=keep_apart, avoid_copies=avoid_copies, train=train, holdout=holdout)
    from doppelscan.generators import Drawing, open_generator

    options = Drawing(label, guidance, sampler, steps, truncation)
    chosen, began = parse_seeds(seeds), time.monotonic()
    with shown_progress() as progress:
        generator = open_generator(model, at=at, device=device)
        sides = [None if path is None else _like(generator, path, progress) for path in (train, holdout)]
        guide = _guide(generator, sides, options, progress) if keep_apart else None
        if avoid_copies:
            samples = _samples(generator, chosen, options, guide)
            say(_avoiding(samples, out, sides, method, progress))
            return
        if guide is None:
            drawn = generator.sample_to(chosen, out, options, progress=progress)
        else:
            drawn = _as_model(generator).sample_to(chosen, out, options, guide=guide, progress=progress)
    rate = len(drawn) / max(time.monotonic() - began, 1e-9)
    say(f"{out}: {len(drawn)} images, {rate:.3g} a second")


def _refuse_alone(*, keep_apart: bool, avoid_copies: bool, train: str | None, holdout: str | None) -> None:
    """Refuse options that lack what they need."""
    problems = []
    if (keep_apart or avoid_copies) and train is None:
        problems.append(Problem("the training images are not named", cure="--train SET"))
    if keep_apart and holdout is None:
        problems.append(Problem("--keep-apart measures its limit on held-out images", cure="--holdout SET"))
    if problems:
        raise InputError(problems)


def _like(generator: Generator, path: str, progress: Progress) -> ImageSet:
    """Real images, brought to the shape of what the generator draws where they have another."""
    from doppelscan.images.preparation import Preparation
    from doppelscan.imagesets import open_images
    from doppelscan.imagesets.saving import cached

    images, (n_channels, *space) = open_images(path, progress=progress), generator.sample([0]).shape
    if set(images.pixels.shapes) == {(n_channels, *space)}:
        return images
    channels = {1: "grey", 3: "rgb"}.get(n_channels, "keep")
    wanted = Preparation.from_json({"size": space, "channels": channels})
    return cached(images, preparation=wanted, progress=progress)


def _guide(generator: Generator, sides: list[ImageSet | None], options: Drawing, progress: Progress) -> Apart:
    from doppelscan.mitigation import Apart

    train, holdout = sides
    assert train is not None, "asked for before"
    assert holdout is not None, "asked for before"
    return Apart.of(_as_model(generator), train, holdout, options, progress=progress)


def _as_model(generator: Generator) -> Model:
    """The generator, if it is a model that was trained."""
    from doppelscan.generators import Model

    if not isinstance(generator, Model):
        raise InputError(Problem("images made elsewhere follow no guide", where="--keep-apart"))
    return generator


def _samples(generator: Generator, seeds: Sequence[int], options: Drawing, guide: Apart | None) -> ImageSet:
    if guide is None:
        return generator.sample(seeds, options)
    return _as_model(generator).sample(seeds, options, guide=guide)


def _avoiding(
    samples: ImageSet, out: Path, sides: list[ImageSet | None], method: Method, progress: Progress
) -> str:
    """What was kept and what was not."""
    from doppelscan.audit import AuditSettings
    from doppelscan.mitigation import rejecting

    train, holdout = sides
    assert train is not None, "asked for before"
    settings = AuditSettings(method=method)
    done = rejecting(samples, out, train=train, holdout=holdout, settings=settings, progress=progress)
    flagged = int(done.discarded["copied"].sum())
    return (
        f"{out}: {len(done.kept)} images; {len(done.discarded)} discarded and named in discarded.parquet, "
        f"{flagged} of them flagged as copies"
    )
