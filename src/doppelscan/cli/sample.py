"""`doppelscan sample`: a generator draws one image a seed; the same command goes on where it stood."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.completing import strategies
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Device, Ray
from doppelscan.errors import InputError, Problem
from doppelscan.store import shown
from doppelscan.workers import on_ray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doppelscan.audit.settings import Method
    from doppelscan.generators import Derivation, Drawing, Generator, Model
    from doppelscan.imagesets import ImageSet
    from doppelscan.mitigation import Apart
    from doppelscan.workers import Progress

__all__ = ["sample"]


def sample(
    model: _Model,
    out: _Out,
    seeds: _Seeds = None,
    plan: _Plan = None,
    shard: _Shard = None,
    strategy: _Strategy = "text",
    source: _Source = None,
    masks: _Masks = None,
    strength: _Strength = None,
    group: _Group = None,
    prompt: _Prompt = None,
    label: _Label = None,
    guidance: _Guidance = None,
    sampler: _Sampler = None,
    steps: _Steps = None,
    truncation: _Truncation = None,
    at: _At = None,
    keep_apart: _KeepApart = False,
    avoid_copies: _AvoidCopies = False,
    method: _Method = "registered",
    train: _Train = None,
    holdout: _Holdout = None,
    device: Device = "auto",
    ray: Ray = None,
) -> None:
    """Draw images: the same seed gives the same image, whatever else is drawn.

    Parts of the seeds, or shards of a plan, may be drawn on several machines, each into a folder of its own.
    """
    _refuse_alone(keep_apart=keep_apart, avoid_copies=avoid_copies, train=train, holdout=holdout)
    of_plans = {
        "--strategy": strategy != "text",
        "--strength": strength is not None,
        "--label": label is not None,
        "--group": bool(group),
        "--keep-apart": keep_apart,
        "--avoid-copies": avoid_copies,
    }
    given = [name for name, is_given in of_plans.items() if is_given]
    _refuse_mixed(seeds, plan, shard, strategy, source, masks, given=given)
    from doppelscan.generators import Drawing, open_generator
    from doppelscan.seeds import parse_seeds
    from doppelscan.store import staged

    options = Drawing(label, guidance, sampler, steps, truncation, _pairs(group), prompt)
    began = time.monotonic()
    with on_ray(ray), shown_progress() as progress, staged(out, last=("imageset.json",)) as folder:
        generator = open_generator(model, at=at, device=device)
        begun = [None if path is None else _like(generator, path, progress) for path in (source, masks)]
        if plan is not None:
            told = _rate(_planned(generator, plan, shard, begun, options, folder, progress), began)
        else:
            chosen, derivation = parse_seeds(seeds or ""), _derivation(strategy, strength, begun)
            sides = [None if path is None else _like(generator, path, progress) for path in (train, holdout)]
            guide = _guide(generator, sides, options, progress) if keep_apart else None
            if avoid_copies:
                samples = _samples(generator, chosen, options, guide, derivation)
                told = _avoiding(samples, folder, sides, method, progress)
            elif guide is None and derivation is None:
                told = _rate(generator.sample_to(chosen, folder, options, progress=progress), began)
            else:
                drawn = _as_model(generator).sample_to(
                    chosen, folder, options, guide=guide, derivation=derivation, progress=progress
                )
                told = _rate(drawn, began)
    say(f"{shown(out)}: {told}")


_Model = Annotated[Path, typer.Argument(help="The folder that `doppelscan train` or `adopt` wrote.")]
_Out = Annotated[Path, typer.Option(help="Folder for the images.")]
_Seeds = Annotated[str | None, typer.Option(help="One image for each of these seeds, both ends included.")]
_Plan = Annotated[
    Path | None, typer.Option(help="Instead: how many of which label, strategy and group (TOML, CSV).")
]
_Shard = Annotated[str | None, typer.Option(help="Draw one part of a plan: 2/8 is the second of eight.")]
_Strategy = Annotated[
    str,
    typer.Option(
        help="text (from noise), or from real images: inpaint, outpaint, in-then-outpaint, image-to-image.",
        autocompletion=strategies,
    ),
]
_Source = Annotated[str | None, typer.Option(help="The real images that are begun from.")]
_Masks = Annotated[
    str | None, typer.Option(help="Masks named as these images: what is inpainted, or outpainted around.")
]
_Strength = Annotated[
    float | None, typer.Option(help="How much of what is drawn anew is forgotten first; 1: all of it.")
]
_Group = Annotated[
    list[str] | None, typer.Option(help="column=value that the images shall be of; repeatable.")
]
_Prompt = Annotated[
    str | None,
    typer.Option(help="Of text-to-image models: what they are told, instead of their template."),
]
_Label = Annotated[str | None, typer.Option(help="What the images shall show.")]
_Guidance = Annotated[float | None, typer.Option(help="How strongly the label is insisted on; 1: not.")]
_Sampler = Annotated[str | None, typer.Option(help="Of diffusion: dpm++, ddim or ddpm.")]
_Steps = Annotated[int | None, typer.Option(min=1, help="Of the sampler.")]
_Truncation = Annotated[float | None, typer.Option(help="Of StyleGAN: how far from the mean image; 1: all.")]
_At = Annotated[int | None, typer.Option(help="The checkpoint after so many images. Default: the last.")]
_KeepApart = Annotated[
    bool, typer.Option("--keep-apart", help="Lead diffusion away from the training images as it draws.")
]
_AvoidCopies = Annotated[
    bool, typer.Option("--avoid-copies", help="Audit what is drawn, and discard what is suspected.")
]
_Method = Annotated[
    Literal["pearson", "contrastive", "registered"],
    typer.Option(help="How --avoid-copies audits."),
]
_Train = Annotated[str | None, typer.Option(help="The images that the model was trained on, for these two.")]
_Holdout = Annotated[
    str | None, typer.Option(help="Real images of patients that it never saw, for these two.")
]


def _rate(drawn: ImageSet, began: float) -> str:
    """What was drawn, how fast, and what could not be."""
    rate = len(drawn) / max(time.monotonic() - began, 1e-9)
    failed = (
        f"; {len(drawn.unreadable)} could not be drawn: {drawn.unreadable[0]}" if drawn.unreadable else ""
    )
    return f"{len(drawn)} images, {rate:.3g} a second{failed}"


def _refuse_mixed(
    seeds: str | None,
    plan: Path | None,
    shard: str | None,
    strategy: str,
    source: str | None,
    masks: str | None,
    *,
    given: list[str],
) -> None:
    """Refuse options that contradict each other; of those that no plan takes, `given` are there."""
    problems = []
    if (seeds is None) == (plan is None):
        problems.append(Problem("say which images", cure="either --seeds 0-99 or --plan FILE"))
    if plan is None and shard is not None:
        problems.append(
            Problem("shards are of a plan", where="--shard", cure="--plan, or a part of the seeds")
        )
    if plan is not None and given:
        what = "a plan says its labels, groups and strategies itself, and takes no --keep-apart or --avoid-copies"
        problems.append(Problem(what, where="--plan", cure=f"leave out {', '.join(given)}"))
    if plan is None and (strategy == "text") == (source is not None):
        problems.append(Problem("strategies but text begin from real images", cure="--strategy and --source"))
    if masks is not None and source is None:
        problems.append(
            Problem("masks are of the images that are begun from", where="--masks", cure="--source")
        )
    if problems:
        raise InputError(problems)


def _pairs(group: list[str] | None) -> tuple[tuple[str, str], ...] | None:
    """The columns and values of `column=value`."""
    pairs = [text.partition("=") for text in group or ()]
    if wrong := ["".join(parts) for parts in pairs if not (parts[0] and parts[1])]:
        raise InputError(Problem(f"{wrong[0]!r} is not of the form column=value", where="--group"))
    return tuple((name, value) for name, _, value in pairs) or None


def _derivation(strategy: str, strength: float | None, begun: list[ImageSet | None]) -> Derivation | None:
    """What images are made from, if from others."""
    from doppelscan.generators.strategies import Derivation, strategy_named

    chosen, (sources, masks) = strategy_named(strategy), begun
    if sources is None:
        return None
    return Derivation(chosen if strength is None else replace(chosen, strength=strength), sources, masks)


def _planned(
    generator: Generator,
    plan: Path,
    shard: str | None,
    begun: list[ImageSet | None],
    options: Drawing,
    out: Path,
    progress: Progress,
) -> ImageSet:
    """The images of a plan, or of one shard of it."""
    from doppelscan.generators import sample_plan
    from doppelscan.generators.strategies.plan import parse_shard, read_plan

    return sample_plan(
        _as_model(generator),
        read_plan(plan),
        out,
        sources=begun[0],
        masks=begun[1],
        options=options,
        shard=None if shard is None else parse_shard(shard),
        progress=progress,
    )


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
        what = "images made elsewhere follow no guide, no strategy and no plan"
        raise InputError(Problem(what, cure="they are drawn by --seeds alone"))
    return generator


def _samples(
    generator: Generator,
    seeds: Sequence[int],
    options: Drawing,
    guide: Apart | None,
    derivation: Derivation | None,
) -> ImageSet:
    if guide is None and derivation is None:
        return generator.sample(seeds, options)
    return _as_model(generator).sample(seeds, options, guide=guide, derivation=derivation)


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
        f"{len(done.kept)} images; {len(done.discarded)} discarded and named in discarded.parquet, "
        f"{flagged} of them flagged as copies"
    )
