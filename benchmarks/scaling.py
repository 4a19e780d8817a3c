"""How long does a search take by the number of its workers? By the processor of the one that has most to do.

Each worker of a cluster has a core of its own; here all take turns on one, so that none slows another, and what each
of them needs is counted. Enlarged films as in `search.py`, in prepared sets, by local processes (`local_stations.py`;
what Ray adds is in `spreading.py`). Next to what was measured stands docs/scale.md's model of the next search among
the same references, `m q + (n m / W) p`, with the *q* and *p* that fit all searches best.
Run: `python benchmarks/scaling.py --sets FOLDER`; a quarter of an hour on an otherwise idle machine, 3 GB of disk.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from doppelscan.imagesets import ImageSet, save
from doppelscan.search import Kept, Neighbours, nearest
from doppelscan.settings import Resources
from doppelscan.workers.places import taken_by
from local_stations import LocalStations
from realimages import DATA
from search import KINDS
from stopwatch import company, processor

RESULTS = Path(__file__).parent / "results"
SIZES = ((10_000, 2_500), (20_000, 5_000), (40_000, 10_000))
WORKERS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Searched:
    """Seconds of processors of the busiest worker: a first search, and the next among the same references."""

    references: int
    queries: int
    workers: int
    first: float
    again: float
    asking: float  # of the machine that asks, in the next search

    @property
    def work(self) -> tuple[float, float]:
        """Queries that each worker makes coarse for itself, and pairs that each looks at, in the next search."""
        return self.queries, self.references * self.queries / self.workers


def main() -> None:
    """Search by so many workers, hold what they find against each other, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True, help="folder for the prepared sets")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--memory", type=float, default=16, help="GiB of each worker's machine")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    resources = Resources(memory=int(chosen.memory * 2**30), workers=1, device="cpu")
    searches = [
        search
        for n, m in SIZES
        for search in by_workers(*sets(chosen.sets, chosen.data, n, m, chosen.side), resources)
    ]
    write(searches, RESULTS / f"scaling-{processor()}.md")


def sets(folder: Path, data: Path, n: int, m: int, side: int) -> tuple[ImageSet, ImageSet]:
    """Queries and references in prepared sets."""
    queries, references = KINDS["enlarged films"](data, m, n, side)
    folder.mkdir(parents=True, exist_ok=True)
    return (
        save(ImageSet.from_arrays(queries), folder / f"queries-{m}"),
        save(ImageSet.from_arrays(references), folder / f"references-{n}"),
    )


def by_workers(queries: ImageSet, references: ImageSet, resources: Resources) -> list[Searched]:
    """The same search by each number of workers, which must find the same."""
    searches, found = [], []
    for n_workers in WORKERS:
        kept = Kept(references)
        with taken_by(LocalStations(n_workers)) if n_workers > 1 else nullcontext():
            first, _, _ = searched(queries, kept, resources)
            again, asking, neighbours = searched(queries, kept, resources)
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        found.append(neighbours)
        np.testing.assert_array_equal(found[0].indices, neighbours.indices)
        np.testing.assert_array_equal(found[0].scores, neighbours.scores)
        searches.append(Searched(len(references), len(queries), n_workers, first, again, asking))
        print(searches[-1], company(), flush=True)
    return searches


def searched(queries: ImageSet, references: Kept, resources: Resources) -> tuple[float, float, Neighbours]:
    """Seconds of the busiest worker, of this process, and what was found; without workers this is the only one."""
    before, began = of_workers(), time.process_time()
    found = nearest(queries, references, resources=resources)
    ours = time.process_time() - began
    busiest = [seconds - before.get(pid, 0) for pid, seconds in of_workers().items()]
    return max(busiest, default=ours), ours, found


def of_workers() -> dict[int, float]:
    """Seconds of processors that each worker has taken."""
    tick = os.sysconf("SC_CLK_TCK")
    pids = [child.pid for child in multiprocessing.active_children() if child.pid]
    lines = {pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids}
    return {pid: (int(fields[11]) + int(fields[12])) / tick for pid, fields in lines.items()}


def fitted(searches: Sequence[Searched]) -> Float64[np.ndarray, "2"]:
    """The seconds of a query and of a pair that come closest to all searches, each by its ratio."""
    work = np.array([search.work for search in searches], dtype=float)
    taken = np.array([search.again for search in searches])
    return np.linalg.lstsq(work / taken[:, None], np.ones(len(taken)), rcond=None)[0]


def write(searches: Sequence[Searched], path: Path) -> None:
    """Print the table, and put it into the file."""
    a_query, a_pair = fitted(searches)
    about = (
        f"Films enlarged to 224 x 224, all workers on one core in turns; one worker is a process that searches "
        f"alone; {company()}. Best fit: q = "
        f"{1000 * a_query:.3f} ms a query, p = {1e9 * a_pair:.1f} ns a pair."
    )
    lines = [
        f"# {(__doc__ or '').partition(chr(10))[0]}",
        "",
        about,
        "",
        "| references x queries | workers | first search, s | next search, s | by the model, s | who asks, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for of in searches:
        model = float(np.dot(of.work, (a_query, a_pair)))
        lines.append(
            f"| {of.references:,} x {of.queries:,} | {of.workers} | {of.first:.1f} | {of.again:.2f} | {model:.2f} "
            f"| {of.asking:.2f} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    path.write_text(text)


if __name__ == "__main__":
    main()
