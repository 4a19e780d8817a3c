"""`doppelscan review`: people judge the matches of an audit."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import MovedHoldout, MovedSynthetic, MovedTrain, Seed
from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources
from doppelscan.workers import silent

if TYPE_CHECKING:
    from pandas import DataFrame

    from doppelscan.imagesets import ImageSet

__all__ = ["review"]

_LONGEST_NAME = 100  # characters


def review(
    run: Annotated[Path, typer.Argument(help="The folder that `doppelscan audit --out` wrote.")],
    reader: Annotated[
        list[str] | None, typer.Option(help="Who reads; may be given several times, for several readers.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Matches to be read: the most suspicious ones.")] = 100,
    controls: Annotated[
        int, typer.Option(min=0, help="Known copies among them, and as many held-out images.")
    ] = 10,
    seed: Seed = 0,
    train: MovedTrain = None,
    synthetic: MovedSynthetic = None,
    holdout: MovedHoldout = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 0,
    bind: Annotated[str, typer.Option(help="Address of this machine to listen on.")] = "127.0.0.1",
    name: Annotated[
        list[str] | None, typer.Option(help="Name under which readers elsewhere reach this machine.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM), to speak TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without TLS.")
    ] = False,
    niivue: Annotated[
        Path | None,
        typer.Option(help="Folder where `npm install @niivue/niivue` was run: volumes in niivue, too."),
    ] = None,
) -> None:
    """Look at the most suspicious pairs in the browser, among them pairs whose truth is known, and judge them.

    Prints an address for each reader and answers there until interrupted. Verdicts are in the run's
    review.sqlite at once; run it again to go on.
    """
    from doppelscan.imagesets import open_images
    from doppelscan.review import Address, QueueSettings, open_desk, served

    readers = _named(reader or ["reader"])
    address = Address(bind, port, tuple(name or ()), tls_cert, tls_key, insecure)
    given = {"train": train, "synthetic": synthetic, "holdout": holdout}
    moved = {part: open_images(path) for part, path in given.items() if path}
    with shown_progress() as progress:
        desk = open_desk(run, QueueSettings(top, controls, seed), moved, _aligned, progress)
    with contextlib.closing(desk), served(desk, readers, address, niivue=niivue) as service:
        say(f"{len(desk)} pairs to read. Press Ctrl-C to end; verdicts are kept.")
        for one, url in service.urls.items():
            say(f"{one}: {url}")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            service.run()


def _aligned(first: ImageSet, training: ImageSet) -> DataFrame:
    """The pairs as the audit aligns them; what was aligned before is in the cache."""
    from doppelscan.audit.picturing import aligned

    return aligned(first, training, Resources(workers=1), silent, work="aligning")


def _named(readers: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in readers))
    if "" in names:
        raise InputError(Problem("a reader needs a name", where="--reader"))
    if max(map(len, names)) > _LONGEST_NAME:
        raise InputError(Problem(f"a reader's name has at most {_LONGEST_NAME} characters", where="--reader"))
    return names
