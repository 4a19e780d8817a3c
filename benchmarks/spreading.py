"""What does a search cost more by Ray's workers than by as many local processes? Processors are counted, in one run.

Enlarged films as in `search.py`, in prepared sets. Local processes hold the same parts and do the same steps, told by
pipes (`local_stations.py`); both load what they need in the first search. First `ray start` (docs/howto/cluster.md),
then its address, and the `--temp-dir` that names its processes: whatever Ray does in that time is counted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from pathlib import Path

import numpy as np

from doppelscan.imagesets import ImageSet, save
from doppelscan.search import Kept, Neighbours, nearest
from doppelscan.settings import Resources
from doppelscan.workers import on_ray
from doppelscan.workers.places import taken_by
from local_stations import LocalStations
from realimages import DATA
from search import KINDS


def main() -> None:
    """Search by processes of this machine, then on the cluster, and hold the one against the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ray", required=True, help="address of the cluster")
    parser.add_argument("--temp-dir", required=True, help="what names the processes of this cluster")
    parser.add_argument("--sets", type=Path, required=True, help="folder for the prepared sets")
    parser.add_argument("--images", choices=list(KINDS), default="enlarged films")
    parser.add_argument("--references", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument(
        "--workers", type=int, default=2, help="local processes; as many as the cluster has cores"
    )
    parser.add_argument("--memory", type=float, default=4, help="GiB, for both")
    parser.add_argument("--data", type=Path, default=DATA)
    a = parser.parse_args()
    a.sets.mkdir(parents=True, exist_ok=True)
    queries, references = (
        save(ImageSet.from_arrays(images), a.sets / f"{side}-{len(images)}")
        for side, images in zip(
            ("queries", "references"),
            KINDS[a.images](a.data, a.queries, a.references, a.side),
            strict=True,
        )
    )
    resources = Resources(memory=int(a.memory * 2**30), device="cpu")
    nearest(queries.take(range(64)), references.take(range(6000)), resources=resources)  # loops are loaded
    with taken_by(LocalStations(a.workers)):
        local = twice(queries, references, resources, a.temp_dir)
    with on_ray(a.ray):
        spread = twice(queries, references, resources, a.temp_dir)
    for turn, one, other in zip(("first", "again"), local, spread, strict=True):
        np.testing.assert_array_equal(one[0].indices, other[0].indices)
        np.testing.assert_array_equal(one[0].scores, other[0].scores)
        print(
            f"{turn}: {one[2]:.1f} s of processors ({one[1]:.1f} s) by {a.workers} processes, {other[2]:.1f} "
            f"({other[1]:.1f}) by Ray: {other[2] / one[2]:.2f}"
        )


Timed = tuple[Neighbours, float, float]


def twice(queries: ImageSet, references: ImageSet, resources: Resources, folder: str) -> list[Timed]:
    """The first search, and the next one, for which references lie ready."""
    kept = Kept(references)
    return [timed(queries, kept, resources, folder) for _ in range(2)]


def timed(queries: ImageSet, references: Kept, resources: Resources, folder: str) -> Timed:
    """What is found, seconds, and seconds of processors of this process and of the cluster."""
    before, began = spent(folder), time.monotonic()
    found = nearest(queries, references, resources=resources)
    return found, time.monotonic() - began, spent(folder) - before


def spent(folder: str) -> float:
    """Seconds of processors of this process, its children, the cluster in `folder`, and the children of that."""
    tick, told = os.sysconf("SC_CLK_TCK"), {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            named = folder in (process / "cmdline").read_text(errors="replace")
            told[int(process.name)] = int(fields[1]), sum(map(int, fields[11:15])) / tick, named
    ours = {pid for pid, (_, _, named) in told.items() if named} | {os.getpid()}
    while more := {pid for pid, (parent, _, _) in told.items() if parent in ours} - ours:
        ours |= more
    return time.process_time() + sum(told[pid][1] for pid in ours - {os.getpid()})


if __name__ == "__main__":
    main()
