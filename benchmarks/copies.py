"""Which copies does each method find? Transformed and partial copies, planted in real images split by patient.

Training images of many patients are changed as `doppelscan.images` lists it: these are the copies. The
same changes of images of other patients, whom no method has seen, set one threshold for each list of changes. Each cell
holds the share of copies found at 1% and at 5% of false alarms (by patient), the area under the curve, and the share
of copies whose source is named; of partial copies also the share that is found and whose part is outlined as a report
outlines it (IoU over 0.5). A second table, as CSV, has every number with its interval.

Run: `python benchmarks/copies.py --sets films --planted 300 --part report`. With `--encoder PATH`, a pretrained encoder
(SSCD's file, a folder of DINOv2, RAD-DINO or CLIP) is compared too; with `--autoencoder` the hard list has
reconstructions by an autoencoder that is trained on the training images first; `--lists lesions` is for brain slices.
To add a method, see copying/methods.py.
"""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from copying.autoencoder import Reconstruction
from copying.lesions import LESIONS, LesionCopy, lesion
from copying.methods import METHODS, Method, by_encoder
from copying.sets import SETS, Cohort, cohort, fewer
from doppelscan.audit.outlining import overlap
from doppelscan.audit.picturing import align_pairs
from doppelscan.estimates import Estimate
from doppelscan.images.parts import PARTS, PartialCopy
from doppelscan.images.transforms import HARD, STANDARD, Transform
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.statistics import auc, clustered, sensitivity_at, threshold_at
from realimages import DATA

Change = Transform | PartialCopy | Reconstruction | LesionCopy

USUAL: dict[str, Sequence[Change]] = {"standard": STANDARD, "hard": HARD, "parts": PARTS}
LISTS = USUAL | {"lesions": LESIONS}
MEASURES = ["at 1%", "at 5%", "AUC", "named", "outlined"]
ENDS = ["value", "low", "high", "n"]
ALL = "all"


@dataclass(frozen=True, eq=False)
class Planted:
    """Changed images; of each, in `facts`: list, change, copy (or not), patient, source (training image, or -1).

    `regions` are where each shows its source, of partial copies; None of others.
    """

    pixels: np.ndarray
    facts: pd.DataFrame
    regions: list[np.ndarray | None]


def main() -> None:
    """Plant, score and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--lists", nargs="*", choices=list(LISTS), default=list(USUAL))
    parser.add_argument("--methods", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--encoder", nargs="*", default=[], help="pretrained encoders, for flat images only")
    parser.add_argument("--part", choices=["tune", "report"], default="tune")
    parser.add_argument("--planted", type=int, default=100, help="images of each kind that are changed")
    parser.add_argument("--train", type=int, help="training images, about; default: all")
    parser.add_argument("--autoencoder", action="store_true", help="plant its reconstructions, too")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    for name in a.sets:
        images = cohort(name, a.part, a.data)
        images = images if a.train is None else fewer(images, a.train)
        queries = planted(images, changes(images, a.lists, autoencoder=a.autoencoder), a.planted)
        methods = chosen(a.methods, a.encoder if images.train.ndim == 4 else [])
        rows = pd.DataFrame([row for method in methods.items() for row in measured(images, queries, *method)])
        few = "" if a.train is None else f"-{a.train}"
        path = a.out / f"copies-{name.replace(' ', '-')}{few}-{a.part}"
        write(rows, images, f"`{command(name, a)}`\n\n{name}, part {a.part}", path)


def command(name: str, a: argparse.Namespace) -> str:
    """What gives the same table again."""
    said = f'python benchmarks/copies.py --sets "{name}" --part {a.part} --planted {a.planted}'
    said += "" if a.train is None else f" --train {a.train}"
    said += " --autoencoder" if a.autoencoder else ""
    said += "" if a.lists == list(USUAL) else f" --lists {' '.join(a.lists)}"
    said += "" if a.methods == list(METHODS) else f" --methods {shlex.join(a.methods)}"
    return said


def changes(images: Cohort, lists: Sequence[str], *, autoencoder: bool) -> dict[str, Sequence[Change]]:
    """What is planted, by list; the autoencoder, if there is to be one, in the hard list."""
    learnt = (Reconstruction.of(images.train),) if autoencoder and "hard" in lists else ()
    return {name: (*LISTS[name], *learnt) if name == "hard" else LISTS[name] for name in lists}


def planted(images: Cohort, lists: Mapping[str, Sequence[Change]], n: int) -> Planted:
    """Every change of n training images and of n held-out ones; the latter also lend what is mixed in."""
    own, other = drawn(images.train_patient, n), drawn(images.held_patient, n)
    lent = {True: np.resize(other, len(own)), False: np.roll(other, 1)}
    jobs = [
        (listed, change, copy, int(i), int(j))
        for listed, listed_changes in lists.items()
        for change in listed_changes
        for copy, positions in ((True, own), (False, other))
        for i, j in zip(positions, lent[copy], strict=True)
        if not isinstance(change, LesionCopy)
        or lesion((images.train if copy else images.held)[i, 0]) is not None
    ]
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda job: altered(images, *job[1:]), jobs))
    rows = [
        {
            "list": listed,
            "change": change.name,
            "copy": copy,
            "patient": (images.train_patient if copy else images.held_patient)[i],
            "source": i if copy else -1,
        }
        for listed, change, copy, i, _ in jobs
    ]
    return Planted(
        np.stack([pixels for pixels, _ in made]), pd.DataFrame(rows), [region for _, region in made]
    )


def altered(
    images: Cohort,
    change: Change,
    copy: bool,  # noqa: FBT001
    i: int,
    j: int,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Training or held-out image i, changed; what is mixed with it, or holds its part, is held-out image j."""
    image, other = (images.train if copy else images.held)[i], images.held[j]
    if isinstance(change, Reconstruction):
        return change(image), None
    rng = stream(0, "benchmark", change.name, int(copy), i)
    if isinstance(change, PartialCopy | LesionCopy):
        pasted = change(image, other, rng)
        return pasted.pixels, pasted.region
    return change(image, rng, other=other), None


def drawn(patient: np.ndarray, n: int) -> np.ndarray:
    """The positions of n images, of as many patients as there are, always the same."""
    order = stream(0, "sources").permutation(len(patient))
    visit = pd.Series(order).groupby(patient[order]).cumcount()
    return order[np.argsort(visit, kind="stable")][:n]


def chosen(names: Sequence[str], encoders: Sequence[str]) -> dict[str, Method]:
    """The methods by name, and each pretrained encoder by that of its file or folder."""
    return {name: METHODS[name] for name in names} | {Path(path).name: by_encoder(path) for path in encoders}


def measured(images: Cohort, queries: Planted, name: str, method: Method) -> Iterator[dict[str, object]]:
    """A row for each change, and for all changes of each list."""
    start = time.perf_counter()
    score, best = method(images, queries.pixels)
    seconds = time.perf_counter() - start
    print(f"{name}: {len(score)} queries, {seconds:.1f} s", flush=True)
    right = named(images.train, best, queries.facts)
    overlap = overlaps(images.train, best, right, queries)
    scored = queries.facts.assign(score=score.astype(np.float64), named=right, overlap=overlap)
    for listed, rows in scored.groupby("list", sort=False):
        for change in (*dict.fromkeys(rows["change"]), ALL):
            known = {"list": listed, "change": change, "method": name, "seconds": seconds}
            yield known | estimates(rows, change)


def named(train: np.ndarray, best: np.ndarray, facts: pd.DataFrame) -> list[bool]:
    """Whether the best match is the source, or has the very same pixels."""
    pairs = zip(best, facts["source"], strict=True)
    return [source >= 0 and (b == source or np.array_equal(train[b], train[source])) for b, source in pairs]


def overlaps(train: np.ndarray, best: np.ndarray, right: Sequence[bool], queries: Planted) -> np.ndarray:
    """Of partial copies, how far what is outlined is what was copied, 0 if another image is named; NaN of others."""
    partial = np.array([region is not None for region in queries.regions]) & queries.facts["copy"].to_numpy()
    found, shown = np.where(partial, 0.0, np.nan), np.flatnonzero(partial & right)
    sides = (ImageSet.from_arrays(queries.pixels[shown]), ImageSet.from_arrays(train[best[shown]]))
    for row, pair in zip(shown, align_pairs(*sides, Resources()) if len(shown) else (), strict=True):
        found[row] = overlap(pair, queries.regions[row])
    return found


def estimates(rows: pd.DataFrame, change: str) -> dict[str, Estimate]:
    """Of the copies of one change, against all of the list that are no copies."""
    mine = rows["copy"] & ((rows["change"] == change) | (change == ALL))
    kept, copies = rows[mine | ~rows["copy"]], rows[mine]
    columns = tuple(kept[name].to_numpy() for name in ("score", "copy", "patient"))
    return {
        "at 1%": sensitivity_at(*columns, 0.01, n_draws=300),
        "at 5%": sensitivity_at(*columns, 0.05, n_draws=300),
        "AUC": auc(*columns),
        "named": clustered(copies["named"].to_numpy(), copies["patient"].to_numpy()),
        "outlined": outlined(copies, rows[~rows["copy"]]),
    }


def outlined(copies: pd.DataFrame, novel: pd.DataFrame) -> Estimate:
    """Of partial copies, the share that is found at 1% and outlined; unknown of others."""
    if copies["overlap"].isna().any():
        return Estimate.unknown()
    threshold = threshold_at(novel["score"].to_numpy(), novel["patient"].to_numpy(), 0.01)
    right = (copies["score"] > threshold) & (copies["overlap"] > 0.5)
    return clustered(right.to_numpy(), copies["patient"].to_numpy())


def write(rows: pd.DataFrame, images: Cohort, title: str, path: Path) -> None:
    """The Markdown table, a column a method, and all estimates as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f"{title}: {len(images.train)} training images {images.train.shape[1:]} of "
        f"{len(set(images.train_patient))} patients, {len(images.held)} of {len(set(images.held_patient))} others.\n\n"
        "Found at 1% / at 5% of false alarms / AUC / named / of parts: found and outlined; for all changes, the "
        "interval at 1% too.\n"
    )
    text = "\n".join([head, *(table(part) for _, part in rows.groupby("list", sort=False))])
    path.with_suffix(".md").write_text(text)
    ends = {f"{name}, {end}": [getattr(e, end) for e in rows[name]] for name in MEASURES for end in ENDS}
    flat = rows.drop(columns=MEASURES).assign(**ends)
    flat.round(4).to_csv(path.with_suffix(".csv"), index=False)
    print(text)


def table(rows: pd.DataFrame) -> str:
    """One list: a line a change, a column a method."""
    methods, changes = (list(dict.fromkeys(rows[name])) for name in ("method", "change"))
    cells = {(row["change"], row["method"]): cell(row) for _, row in rows.iterrows()}
    seconds = rows.groupby("method")["seconds"].first()
    lines = [[rows["list"].iloc[0], *methods], ["---"] * (1 + len(methods))]
    lines += [[change, *(cells[change, method] for method in methods)] for change in changes]
    lines += [["seconds", *(f"{seconds[method]:.1f}" for method in methods)]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cell(row: pd.Series) -> str:
    known = [name for name in MEASURES if row[name].known]
    values = " / ".join(f"{row[name].value:.{3 if name == 'AUC' else 2}f}" for name in known)
    at = row["at 1%"]
    return f"{values} ({at.low:.2f} to {at.high:.2f})" if row["change"] == ALL else values


if __name__ == "__main__":
    main()
