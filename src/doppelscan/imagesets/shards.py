"""Which sets are shards of one? Folders `shard-2-of-8`, each with the manifest `samples.json` of what was drawn."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.imagesets.joining import joined
from doppelscan.imagesets.saved import is_saved, open_saved
from doppelscan.store import parse_json, read_bytes
from doppelscan.store.objects import folders_in

__all__ = ["is_sharded", "open_shards"]

_NAME = re.compile(r"shard-(\d+)-of-(\d+)")


def is_sharded(path: Path) -> bool:
    """Whether shards are here."""
    return any(is_saved(folder) for folder in _folders(path).values())


def open_shards(path: Path) -> ImageSet:
    """The images of all shards, the first shard's first.

    Raises
    ------
    InputError
        If one is missing, or they are of several plans.
    """
    folders = _folders(path)
    of = {total for _, total in folders}
    if len(of) > 1:
        raise InputError(
            Problem(f"holds shards of {_listed(of)}", where=str(path), cure="one division a folder")
        )
    wanted = {(number, total) for total in of for number in range(1, total + 1)}
    made = {key for key, folder in folders.items() if is_saved(folder)}
    if missing := sorted(number for number, _ in wanted - made):
        what, cure = f"shards {_listed(missing)} are not there yet", "draw them, or name one shard"
        raise InputError(Problem(what, where=str(path), cure=cure))
    ordered = {folders[key].name: folders[key] for key in sorted(folders)}
    if len({_drawn_as(folder) for folder in ordered.values()}) > 1:
        raise InputError(Problem("holds shards of several plans or models", where=str(path)))
    sets = {name: open_saved(folder) for name, folder in ordered.items()}
    unreadable = tuple(one for images in sets.values() for one in images.unreadable)
    return replace(joined(sets, named=False), name=str(path), unreadable=unreadable)


def _folders(path: Path) -> dict[tuple[int, int], Path]:
    found = {folder: _NAME.fullmatch(folder.name) for folder in folders_in(path)}
    return {(int(name[1]), int(name[2])): folder for folder, name in found.items() if name}


def _drawn_as(folder: Path) -> str:
    """Of which plan, by which model, a shard was drawn."""
    try:
        said = parse_json(read_bytes(folder / "samples.json"))
        return json.dumps([said["plan"], said["generator"]], sort_keys=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(Problem(f"its samples.json cannot be read: {error}", where=str(folder))) from error


def _listed(numbers: object) -> str:
    return ", ".join(map(str, sorted(numbers)))  # type: ignore[call-overload]
