"""Which slices of DICOM series belong together in one volume."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

from doppelscan.images.formats import stack
from doppelscan.images.formats.entry import Entry, Frame, SliceOf

__all__ = ["assemble"]

Refused = list[tuple[str, str]]


def assemble(entries: Sequence[Entry]) -> tuple[list[Entry], Refused]:
    """Volumes for the slices of series, all else unchanged and in order; then (file, reason) of the refused.

    Slices are joined that are of one series, study and patient, parallel, of one shape, type and spacing,
    and lie at two positions or more. Where every position is taken equally often (times, echoes) there
    are as many volumes. A volume takes the place of its series' first slice.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for k, entry in enumerate(entries):
        groups[k if entry.series is None else _alike(entry, entry.series)].append(k)
    placed: list[tuple[int, Entry]] = []
    refused: Refused = []
    for group in groups.values():
        slices = [entries[k] for k in group]
        if len(slices) < 2 or len(_by_height(slices)) < 2:
            placed += zip(group, slices, strict=True)
            continue
        volumes, left_out = _volumes(slices)
        placed += [(group[0], volume) for volume in volumes]
        refused += left_out
    return [entry for _, entry in sorted(placed, key=lambda pair: pair[0])], refused


def _alike(entry: Entry, series: SliceOf) -> Hashable:
    """What the slices of one volume have in common."""
    return (
        series.series,
        entry.study,
        entry.patient,
        entry.shape,
        entry.dtype,
        stack.parallel_to(series.frame),
    )


def _volumes(slices: Sequence[Entry]) -> tuple[list[Entry], Refused]:
    places, refused = _by_height(slices), Refused()
    if not _even(places):
        places, refused = _once_each(places)
    if not _even(places):
        reason = f"slices of its series take {len(places)} positions, some of them more often than others"
        return [], [(entry.file, reason) for entry in slices]
    ordered = [sorted(places[height], key=lambda entry: _series(entry).order) for height in sorted(places)]
    volumes = [_volume(stacked) for stacked in zip(*ordered, strict=True)]
    return volumes, refused


def _by_height(slices: Iterable[Entry]) -> dict[float, list[Entry]]:
    places: dict[float, list[Entry]] = defaultdict(list)
    for entry in slices:
        places[_height(entry)].append(entry)
    return places


def _even(places: dict[float, list[Entry]]) -> bool:
    return len({len(entries) for entries in places.values()}) == 1


def _once_each(places: dict[float, list[Entry]]) -> tuple[dict[float, list[Entry]], Refused]:
    """The places without further files of one and the same slice, which are refused."""
    first: dict[str, Entry] = {}
    refused: Refused = []
    for entry in (entry for entries in places.values() for entry in entries):
        kept = first.setdefault(_series(entry).instance or entry.file, entry)
        if kept is not entry:
            refused.append((entry.file, f"the same slice (SOP instance) as {kept.file}"))
    return _by_height(first.values()), refused


def _volume(slices: Sequence[Entry]) -> Entry:
    frames: list[Frame] = [_series(entry).frame for entry in slices]
    first = slices[0]
    return replace(
        first,
        shape=stack.joined_shape(first.shape, frames),
        dtype=stack.joined_dtype(first.dtype, frames),
        slices=tuple(entry.file for entry in slices),
        series=None,
    )


def _series(entry: Entry) -> SliceOf:
    assert entry.series is not None, entry.file
    return entry.series


def _height(entry: Entry) -> float:
    height = stack.height_mm(_series(entry).frame)
    assert height is not None, entry.file
    return height
