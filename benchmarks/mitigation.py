"""What each mitigation does to copying and to quality, on one training that memorizes some of its films.

Films at 32 pixels: 24, six of them five times over. A small diffusion model sees 10,000 of
them, which is enough to know the repeated ones by heart. Each mitigation changes one thing. Every set of samples is
audited by `registered` (`keep-apart` and `avoid-copies` themselves look at pixels only) with 400 patients held out,
and compared with films of 300 patients that neither the model nor the audit nor a mitigation has seen. Intervals are
95%: Student's over seeds, never narrower than those of the single measurements allow.

Run: `python benchmarks/mitigation.py --work DIR`. Run again, it goes on where it stood.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from doppelscan.audit import AuditSettings, audit
from doppelscan.estimates import Estimate
from doppelscan.generators import Keeping, Model, changed, family_named, fit
from doppelscan.imagesets import ImageSet
from doppelscan.mitigation import Apart, Watching, looks_at, rejecting, watched
from doppelscan.quality import QualitySettings, quality
from doppelscan.search import find_duplicates
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import read_json, write_json
from doppelscan.studies.recipe import Source
from doppelscan.studies.sources import kept, opened
from realimages import DATA

FILMS = Source(images="chest_xray", preparation={"size": [32], "channels": "grey"}, held_out=400)
N_FILMS, N_REPEATED, TIMES, N_FRESH, N_SAMPLES = 24, 6, 5, 300, 200
SMALL = (
    *("n_images=10000", "batch=8", "warm_up=400", "decay=cosine", "half_life=1000", "precision=float32"),
    *("learning_rate=0.002", "channels=32,64,96", "head_channels=32", "patch=2"),
)
CHANGES = {"augmentation": ("augmentation=edm",), "smaller network": ("channels=16,24,32", "head_channels=8")}
COLUMNS = {
    "copied": "samples that copy",
    "memorized": "training films copied",
    "frechet": "Frechet distance to unseen films",
    "coverage": "unseen films covered",
}
_FORMAT = "doppelscan-mitigated/1"


@dataclass(frozen=True, eq=False)
class Films:
    """What is trained on, repeated films and all; each film once; the audits' null; films that nobody saw."""

    trained: ImageSet
    distinct: ImageSet
    null: ImageSet
    fresh: ImageSet


@dataclass(frozen=True, eq=False)
class Bench:
    """Where the models of one seed lie, and what they are held against."""

    films: Films
    folder: Path
    seed: int
    resources: Resources

    def trained(self, name: str, films: ImageSet, *changes: str, watch: bool = False) -> Model:
        """The model of one training."""
        settings = changed(family_named("ddpm").presets["tiny"], (*SMALL, *changes))
        out, keeping = self.folder / name, Keeping(last=1, marks=5)
        if watch:
            keeping = watched(
                keeping,
                out=out,
                settings=settings,
                images=self.films.distinct,
                holdout=self.films.null,
                watching=Watching(samples=100),
                resources=self.resources,
            )
        return fit(films, settings, out=out, seed=self.seed, keeping=keeping, resources=self.resources)

    def drawn(self, name: str, model: Model, guide: Apart | None = None) -> ImageSet:
        """What a model draws."""
        return model.sample_to(range(N_SAMPLES), self.folder / f"{name} samples", guide=guide)

    def apart(self, model: Model) -> ImageSet:
        """What it draws when it is led away from its training films."""
        return self.drawn("apart", model, Apart.of(model, self.films.distinct, self.films.null))

    def avoided(self, model: Model) -> ImageSet:
        """What is left of its samples when the suspected ones are discarded."""
        return rejecting(
            model.sample(range(N_SAMPLES)),
            self.folder / "avoided samples",
            train=self.films.distinct,
            holdout=self.films.null,
            settings=AuditSettings(method="pearson", n_controls=10),
            resources=self.resources,
        ).kept

    def measured(self, samples: ImageSet) -> dict[str, Estimate]:
        """How many samples copy, and how good they are."""
        found = audit(
            train=self.films.distinct,
            synthetic=samples,
            holdout=self.films.null,
            settings=AuditSettings(n_controls=10),
            resources=self.resources,
        )
        seen = quality(
            real=self.films.fresh,
            synthetic=samples,
            settings=QualitySettings(encoder="pixels", n_draws=20, n_pairs=2),
            resources=self.resources,
        )
        return {
            "copied": found.copied,
            "memorized": found.memorized,
            "frechet": seen["fid"].value,
            "coverage": seen["coverage"].value,
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the models")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    chosen = parser.parse_args()
    resources = Resources(workers=1, device="cpu")
    place = kept(FILMS, chosen.data, chosen.work / "films", resources=resources)
    by_seed = []
    for seed in chosen.seeds:
        bench = Bench(films_of(place, seed), chosen.work / f"seed{seed}", seed, resources)
        by_seed.append({name: once(bench, name, make) for name, make in mitigations(bench)})
        text = f"Seeds: {', '.join(map(str, chosen.seeds[: len(by_seed)]))}.\n\n{table(by_seed)}"
        (chosen.out / "mitigation.md").write_text(text, encoding="utf-8")
    print(text)


def films_of(place: Path, seed: int) -> Films:
    """The films of one seed: other patients, other repeated ones."""
    patients = opened(FILMS, place)
    distinct, fresh = patients.these(N_FILMS, seed), patients.others(N_FRESH, seed)
    chosen = stream(seed, "repeated films").permutation(len(distinct))[:N_REPEATED]
    places = np.concatenate([np.arange(len(distinct)), np.tile(chosen, TIMES - 1)]).astype(np.int64)
    return Films(distinct.take(places), distinct, patients.held_out, fresh)


def mitigations(bench: Bench) -> Iterator[tuple[str, Callable[[], ImageSet]]]:
    """Each row of the table, and how its samples are made."""
    films = bench.films

    def plain() -> Model:
        return bench.trained("plain", films.trained, watch=True)

    def other(name: str, trained: ImageSet) -> ImageSet:
        return bench.drawn(name, bench.trained(name, trained, *CHANGES.get(name, ())))

    yield "nothing", lambda: bench.drawn("plain", plain())
    yield "early stop", lambda: bench.drawn("stopped", stopped(plain()))
    yield "keep-apart", lambda: bench.apart(plain())
    yield "avoid-copies", lambda: bench.avoided(plain())
    yield "de-duplication", lambda: other("de-duplication", deduplicated(films.trained))
    for name in CHANGES:
        yield name, partial(other, name, films.trained)


def deduplicated(images: ImageSet) -> ImageSet:
    """Each film once."""
    return images.take(np.flatnonzero(find_duplicates(images).keep))


def stopped(model: Model) -> Model:
    """The checkpoint that watching names; the first one where none copies little enough."""
    looks, best = looks_at(model.folder)
    return Model.open(model.folder, at=(best or looks[0]).seen, device="cpu")


def once(bench: Bench, name: str, make: Callable[[], ImageSet]) -> Mapping[str, Estimate]:
    """What was measured of a mitigation, now or in an earlier run."""
    path = bench.folder / f"{name}.json"
    if not path.exists():
        found = {key: one.to_json() for key, one in bench.measured(make()).items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"format": _FORMAT, "measured": found})
    content = read_json(path, expected=_FORMAT)["measured"]
    return {key: Estimate.from_json(one) for key, one in content.items()}


def table(by_seed: Sequence[Mapping[str, Mapping[str, Estimate]]]) -> str:
    """A row for each mitigation, as Markdown."""
    lines = [["mitigation", *COLUMNS.values()], ["---"] * (1 + len(COLUMNS))]
    lines += [
        [name, *(said(key, [seed[name][key] for seed in by_seed]) for key in COLUMNS)] for name in by_seed[0]
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def said(key: str, found: Sequence[Estimate]) -> str:
    """One cell: the mean over seeds and its interval."""
    mean = over_seeds(found)
    if key == "frechet":
        return f"{mean.value:.1f} ({max(mean.low, 0):.1f} to {mean.high:.1f})"
    return f"{mean.value:.0%} ({max(mean.low, 0):.0%} to {min(mean.high, 1):.0%})"


def over_seeds(found: Sequence[Estimate]) -> Estimate:
    """The mean of several seeds with an interval that holds their scatter, and what each leaves open.

    A single seed's interval is its own; of several the sides are told apart, since shares lie against 0 or 1.
    """
    n, values = len(found), np.array([one.value for one in found])
    mean = float(values.mean())
    scatter = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    below, above = (
        math.sqrt(float(np.square([getattr(one, end) - one.value for one in found]).sum())) / n
        for end in ("low", "high")
    )
    return Estimate(mean, mean - max(scatter, below), mean + max(scatter, above), n)


if __name__ == "__main__":
    main()
