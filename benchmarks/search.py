"""How much faster than brute force is the search, and does it find the same? Against peers in the same run.

From decoded uint8 arrays to the nearest reference of each query, conversions included; queries and references
come from disjoint patients. Run: `python benchmarks/search.py --references 20000 --queries 5000`.

With `--symmetries "flips and turns"` queries lie in random poses, and the peers are our own search once for
each pose, and once in all.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pandas as pd
import torch

from doppelscan.search import Neighbours, Symmetries, exact, nearest, poses_of
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from realimages import DATA
from stopwatch import Timed, company, processor, ratios, timed

CHUNK = 500  # images converted at once by the peers

Found = tuple[np.ndarray, np.ndarray]
Search = Callable[[np.ndarray, np.ndarray], Found]


@dataclass(frozen=True)
class Measured:
    """What one search took: time, MiB above what the images take."""

    timed: Timed[Found]
    memory: float

    @property
    def found(self) -> Found:
        """Neighbours and their scores."""
        return self.timed.result

    def __str__(self) -> str:
        return f"{self.timed.seconds:.2f} s ({self.timed.cpu_seconds:.2f} of processors)"


def main() -> None:
    """Time all searches on one kind of images, check that they agree, and add to the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", choices=list(KINDS), default="enlarged films")
    parser.add_argument("--references", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=float, default=4, help="GiB for doppelscan")
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=["faiss", "torch float32"])
    parser.add_argument("--symmetries", choices=get_args(Symmetries), default="none")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    queries, references = KINDS[a.images](a.data, a.queries, a.references, a.side)
    print(a.images, queries.shape, references.shape, flush=True)
    resources = Resources(memory=int(a.memory * 2**30))
    if a.symmetries == "none":
        runs = against_peers(queries, references, resources, a.repeats, a.peers)
    else:
        runs = against_pose_by_pose(queries, references, resources, a.repeats, a.symmetries)
    shape = f"{len(references):,} x {len(queries):,}, {a.images}, {references.shape[-1]} px"
    poses = "" if a.symmetries == "none" else f", {a.symmetries}"
    write(table(runs), shape + poses, a.repeats, a.out / f"search-{processor()}.md")


Runs = dict[str, list[Measured]]


def against_peers(
    queries: np.ndarray, references: np.ndarray, resources: Resources, repeats: int, peers: list[str]
) -> Runs:
    runs: Runs = {}
    for _ in range(repeats):
        ours = measured(lambda q, r: doppelscan(q, r, resources), queries, references)
        runs.setdefault("doppelscan", []).append(ours)
        for name in peers:
            runs.setdefault(name, []).append(measured(PEERS[name], queries, references))
            print(f"{name} {runs[name][-1]}; ours {ours}; {company()}", flush=True)
            refuse_disagreement(name, ours.found, runs[name][-1].found, queries, references)
    return runs


def against_pose_by_pose(
    queries: np.ndarray, references: np.ndarray, resources: Resources, repeats: int, symmetries: Symmetries
) -> Runs:
    """Ours in all poses, in each pose by itself, and in none but the one that images are in."""
    poses = poses_of(symmetries, queries.shape[1:])
    rng = stream(0, "poses")
    queries = np.stack([poses[rng.integers(len(poses))].of(query) for query in queries])

    def in_all(queries: np.ndarray, references: np.ndarray) -> Found:
        return best(nearest(queries, references, symmetries=symmetries, resources=resources))

    def one_by_one(queries: np.ndarray, references: np.ndarray) -> Found:
        turned = (np.ascontiguousarray(pose.of(queries)) for pose in poses)
        found = [best(nearest(of, references, resources=resources)) for of in turned]
        indices, scores = (np.stack([f[i] for f in found]) for i in (0, 1))
        highest = np.lexsort((indices, -scores), axis=0)[0]
        return tuple(np.take_along_axis(of, highest[None], 0)[0] for of in (indices, scores))

    searches: dict[str, Search] = {
        "doppelscan": in_all,
        "pose by pose": one_by_one,
        "without symmetries": lambda q, r: doppelscan(q, r, resources),
    }
    runs: Runs = {name: [] for name in searches}
    for _ in range(repeats):
        for name, search in searches.items():
            runs[name].append(measured(search, queries, references))
            print(f"{name} {runs[name][-1]}; {company()}", flush=True)
        ours, theirs = (runs[name][-1].found for name in ("doppelscan", "pose by pose"))
        if any((a != b).any() for a, b in zip(ours, theirs, strict=True)):
            sys.exit("all poses at once and pose by pose disagree")
    return runs


def best(found: Neighbours) -> Found:
    return found.indices[:, 0], found.scores[:, 0]


def doppelscan(queries: np.ndarray, references: np.ndarray, resources: Resources) -> Found:
    return best(nearest(queries, references, resources=resources))


def by_faiss(queries: np.ndarray, references: np.ndarray) -> Found:
    """Faiss' exact index for inner products, filled and asked block by block."""
    import faiss

    index = faiss.IndexFlatIP(references[0].size)
    for part in converted(references):
        index.add(part)
    parts = [index.search(part, 1) for part in converted(queries)]
    return np.concatenate([i for _, i in parts])[:, 0], np.concatenate([s for s, _ in parts])[:, 0]


def by_scikit_learn(queries: np.ndarray, references: np.ndarray) -> Found:
    """Scikit-learn's brute force; on unit vectors the distance orders as the correlation does."""
    from sklearn.neighbors import NearestNeighbors

    peer = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(np.concatenate(list(converted(references))))
    parts = [peer.kneighbors(part) for part in converted(queries)]
    distances = np.concatenate([d for d, _ in parts])[:, 0]
    return np.concatenate([i for _, i in parts])[:, 0], 1 - distances**2 / 2


def by_torch(queries: np.ndarray, references: np.ndarray) -> Found:
    """A matrix product in float32 and the largest of each row."""
    known = torch.from_numpy(np.concatenate(list(converted(references))))
    parts = [(torch.from_numpy(part) @ known.T).max(dim=1) for part in converted(queries)]
    return torch.cat([p.indices for p in parts]).numpy(), torch.cat([p.values for p in parts]).numpy()


def by_bfloat16(queries: np.ndarray, references: np.ndarray) -> Found:
    """A matrix product in bfloat16; exact scores for all that its rounding leaves in doubt."""
    known = torch.cat([torch.from_numpy(part).bfloat16() for part in converted(references)])
    doubt = 2 * (3 * 2.0**-8 + 2.0**-10)  # inputs and result rounded, on either side
    indices, scores = [], []
    for start, part in zip(range(0, len(queries), CHUNK), converted(queries), strict=True):
        rough = (torch.from_numpy(part).bfloat16() @ known.T).float()
        rows, columns = (rough >= rough.amax(dim=1, keepdim=True) - doubt).nonzero(as_tuple=True)
        pairs = rows.numpy(), columns.numpy()
        score = exact.exact_correlations(queries[start : start + CHUNK], references, pairs, memory=2**30)
        best = np.lexsort((-score, pairs[0]))[np.searchsorted(pairs[0], np.arange(len(part)))]
        indices.append(pairs[1][best])
        scores.append(score[best])
    return np.concatenate(indices), np.concatenate(scores)


PEERS: dict[str, Search] = {
    "faiss": by_faiss,
    "scikit-learn": by_scikit_learn,
    "torch float32": by_torch,
    "torch bfloat16": by_bfloat16,
}


def converted(images: np.ndarray) -> Iterator[np.ndarray]:
    """What the peers need: centred float32 vectors of length one."""
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].reshape(-1, images[0].size).astype(np.float32)
        part -= part.mean(axis=1, keepdims=True)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
        yield part


def measured(search: Search, queries: np.ndarray, references: np.ndarray) -> Measured:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # give back what the search before has left
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory("VmRSS")
    took = timed(lambda: search(queries, references))
    return Measured(took, memory("VmHWM") - before)


def memory(kind: str) -> float:
    """MiB of this process, now or at most."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind))
    return int(line.split()[1]) / 1024


def refuse_disagreement(
    name: str, ours: Found, theirs: Found, queries: np.ndarray, references: np.ndarray
) -> None:
    """Stop if a peer found a better neighbour, or a score that is not the same."""
    pairs = np.arange(len(queries)), theirs[0].astype(np.int64)
    scores = exact.exact_correlations(queries, references, pairs, memory=2**30)
    same = float((ours[0] == theirs[0]).mean())
    print(f"  {name}: same neighbour {same:.2%}; largest difference {np.abs(ours[1] - scores).max():.1e}")
    if (scores > ours[1] + 1e-9).any() or np.abs(ours[1] - theirs[1]).max() > 1e-3:
        sys.exit(f"{name} and doppelscan disagree")


def enlarged_films(data: Path, m: int, n: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Films, each as often as needed: cropped, shifted and of other intensity at random."""
    queries, references = films(data, side)
    return enlarged(queries, m, "queries"), enlarged(references, n, "references")


def films_as_they_are(data: Path, m: int, n: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    queries, references = films(data, side)
    return queries[:m], references[:n]


def slices(data: Path, m: int, n: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Textured 64-px slices of chest CT; of no known patient, and so every fifth run of ten is asked about."""
    images = read(sorted((data / "mednist" / "ChestCT").glob("*.jpeg")), side)
    asked = np.arange(len(images)) // 10 % 5 == 0
    return enlarged(images[asked], m, "queries"), enlarged(images[~asked], n, "references")


def noise(_data: Path, m: int, n: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(0, "noise")
    return tuple(rng.integers(0, 256, (count, 1, side, side), dtype=np.uint8) for count in (m, n))


KINDS = {"enlarged films": enlarged_films, "films": films_as_they_are, "chest CT": slices, "noise": noise}


def films(data: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of a fifth of the patients, and those of the others."""
    folder = data / "chest_xray"
    rows = pd.read_csv(folder / "images.csv", dtype=str)
    patients = rows["patient"].fillna(rows["file"])
    unique = stream(0, "patients").permutation(patients.unique())
    asked = patients.isin(unique[: len(unique) // 5]).to_numpy()
    images = read([folder / file for file in rows["file"]], side)
    return images[asked], images[~asked]


def read(files: list[Path], side: int) -> np.ndarray:
    grey = (cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files)
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)[None] for image in grey])


def enlarged(images: np.ndarray, n: int, name: str) -> np.ndarray:
    """`n` images: each in turn, from its second turn on changed."""
    return np.stack(
        [images[i] if i < len(images) else changed(images[i % len(images)], i, name) for i in range(n)]
    )


def changed(image: np.ndarray, i: int, name: str) -> np.ndarray:
    """A crop of 90% to 100% of the side, anywhere, of other contrast and brightness."""
    rng, side = stream(0, name, i), image.shape[-1]
    crop = int(side * rng.uniform(0.9, 1))
    y, x = rng.integers(0, side - crop + 1, 2)
    part = cv2.resize(image[0, y : y + crop, x : x + crop], (side, side), interpolation=cv2.INTER_LINEAR)
    altered = part * rng.uniform(0.8, 1.2) + rng.uniform(-20, 20)
    return altered.clip(0, 255).astype(np.uint8)[None]


def table(runs: Runs) -> pd.DataFrame:
    """Medians over the runs; ratios are medians of ratios within a run."""
    ours = [run.timed for run in runs["doppelscan"]]
    rows = {}
    for name, of in runs.items():
        by_clock, of_processors = ratios([run.timed for run in of], ours)
        rows[name] = {
            "seconds": np.median([run.timed.seconds for run in of]),
            "times doppelscan": by_clock,
            "seconds of processors": np.median([run.timed.cpu_seconds for run in of]),
            "times doppelscan's": of_processors,
            "MiB beyond the images": np.median([run.memory for run in of]),
        }
    return pd.DataFrame(rows).T


def write(rows: pd.DataFrame, shape: str, repeats: int, path: Path) -> None:
    """Print the table and add it to the file."""
    head = ["search", *rows.columns]
    cells = [
        [name, *(f"{value:,.2f}" for value in row)]
        for name, row in zip(rows.index, rows.to_numpy(), strict=True)
    ]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *cells]]
    text = f"## {shape}; median of {repeats}; {company()}\n\n" + "\n".join(lines) + "\n\n"
    print(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


if __name__ == "__main__":
    main()
