"""`doppelscan dedupe`: which images of a set are there twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Channels, Device, Json, Memory, Size, Workers, as_preparation, as_resources

if TYPE_CHECKING:
    from doppelscan.imagesets import ImageSet
    from doppelscan.search import Duplicates

__all__ = ["dedupe"]


def dedupe(
    images: Annotated[str, typer.Argument(metavar="SET", help="A set, as for `audit`.")],
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Correlation from which two images are near-duplicates.")
    ] = 0.999,
    size: Size = None,
    channels: Channels = None,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """List the exact and near duplicates within a set. Nothing is deleted."""
    from doppelscan.imagesets import open_images
    from doppelscan.imagesets.saving import cached
    from doppelscan.search import find_duplicates

    resources = as_resources(memory, workers, device)
    with shown_progress() as progress:
        opened = open_images(images, resources=resources, progress=progress)
        ready = cached(
            opened,
            preparation=as_preparation(size=size, channels=channels),
            resources=resources,
            progress=progress,
        )
        found = find_duplicates(ready, threshold, resources=resources)
    content = _as_json(ready, found)
    say(json.dumps(content, ensure_ascii=False) if as_json else _as_text(content))


def _as_json(images: ImageSet, found: Duplicates) -> dict[str, object]:
    ids, patients = images.table["id"].tolist(), images.patients
    pairs = [
        {
            "first": ids[a],
            "second": ids[b],
            "exact": bool(exact),
            "score": None if score != score else float(score),  # noqa: PLR0124 - NaN, of constant images
            "same_patient": bool(patients[a] == patients[b]),
        }
        for a, b, exact, score in zip(found.first, found.second, found.exact, found.scores, strict=True)
    ]
    unreadable = [[one.where, one.reason] for one in images.unreadable]
    return {
        "n": len(images),
        "groups": len(found.groups),
        "kept": int(found.keep.sum()),
        "pairs": pairs,
        "unreadable": unreadable,
    }


def _as_text(content: dict[str, object]) -> str:
    pairs = content["pairs"]
    assert isinstance(pairs, list)
    lines = [f"{pair['first']}  =  {pair['second']}  {_kind(pair)}" for pair in pairs]
    exact = sum(pair["exact"] for pair in pairs)
    near = len(pairs) - exact
    end = f"{content['n']} images: {exact} exact and {near} near duplicates; {content['kept']} are distinct."
    return "\n".join([*lines, end])


def _kind(pair: dict[str, object]) -> str:
    alike = "same pixels" if pair["exact"] else f"correlation {pair['score']:.4f}"
    return alike + ("" if pair["same_patient"] else ", under different patients")
