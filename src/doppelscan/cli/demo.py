"""`doppelscan demo`: the whole job on phantoms whose truth is known, nothing to download."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.audit import summary
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Json, Memory, Seed, Workers, as_resources

if TYPE_CHECKING:
    import pandas as pd

    from doppelscan.imagesets import ImageSet

__all__ = ["demo"]

_TRAIN, _HOLDOUT, _NOVEL = 400, 300, 180  # patients
_COPIES = {"exact": 4, "noise": 4, "blur": 4, "gamma": 4, "flip": 4}


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sets, the audit and its report.")] = Path("demo"),
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make a cohort of chest phantoms and a synthetic set with planted copies, audit it, compare with the truth."""
    from doppelscan.audit import AuditSettings, audit
    from doppelscan.imagesets import save
    from doppelscan.report import write_report

    resources = as_resources(memory, workers)
    with shown_progress() as progress:
        sets = _make_sets(seed)
        kept = {
            name: save(images, out / name, resources=resources, progress=progress)
            for name, images in sets.items()
        }
        settings, run = AuditSettings(method="pearson", seed=seed), out / "run"
        findings = audit(
            train=kept["train"],
            synthetic=kept["synthetic"],
            holdout=kept["holdout"],
            settings=settings,
            out=run,
            resources=resources,
            progress=progress,
        )
        page = write_report(run)
    truth = _against_truth(run, sets["synthetic"].table)
    if as_json:
        say(json.dumps({"findings": findings.to_json(), "truth": truth.to_json()}, ensure_ascii=False))
    else:
        say(f"{truth.sentence()}\n{summary(findings, page)}")


@dataclass(frozen=True)
class _Truth:
    """What was planted, what of it was found, and what else was flagged."""

    planted: dict[str, int]
    found: dict[str, int]
    n_synthetic: int
    novel_flagged: int

    def to_json(self) -> dict[str, object]:
        return {"planted": self.planted, "found": self.found, "novel_flagged": self.novel_flagged}

    def sentence(self) -> str:
        kinds = ", ".join(f"{name} {self.found[name]} of {n}" for name, n in self.planted.items())
        total, found = sum(self.planted.values()), sum(self.found.values())
        return (
            f"Truth: {total} of {self.n_synthetic} synthetic images copy a patient. Found: {found} ({kinds}); "
            f"novel images flagged: {self.novel_flagged}. Correlation of pixels cannot see a mirrored copy, and "
            "the audit's power says so."
        )


def _make_sets(seed: int) -> dict[str, ImageSet]:
    """Training, synthetic and held-out films; novel synthetic films are of patients in neither."""
    from doppelscan.imagesets import ImageSet
    from doppelscan.imagesets.phantoms import chest

    train = chest(_TRAIN, films=2, seed=seed)
    holdout = chest(_HOLDOUT, seed=seed, first_patient=_TRAIN)
    novel = chest(_NOVEL, seed=seed, first_patient=_TRAIN + _HOLDOUT)
    trained = ImageSet.from_arrays(train.pixels, train.table)
    return {
        "train": trained,
        "synthetic": _with_copies(ImageSet.from_arrays(novel.pixels), trained, seed),
        "holdout": ImageSet.from_arrays(holdout.pixels, holdout.table),
    }


def _with_copies(novel: ImageSet, train: ImageSet, seed: int) -> ImageSet:
    """The novel films and transformed copies of training films, shuffled; column `copy_of` holds the truth."""
    import numpy as np
    import pandas as pd

    from doppelscan.images.transforms import by_name
    from doppelscan.imagesets import ImageSet
    from doppelscan.seeds import stream

    chance = stream(seed, "demo copies")
    names = [name for name, n in _COPIES.items() for _ in range(n)]
    sources = chance.choice(len(train), size=len(names), replace=False)
    copies = [
        transform(train[int(source)].pixels, stream(seed, "demo copy", int(source)))
        for transform, source in zip(by_name(names), sources, strict=True)
    ]
    pixels = np.concatenate([novel.read(0, len(novel)), np.stack(copies)])
    order = chance.permutation(len(pixels))
    truth = pd.DataFrame(
        {
            "strategy": ["novel"] * len(novel) + names,
            "copy_of": [None] * len(novel) + train.table["id"].iloc[sources].tolist(),
        }
    ).iloc[order]
    return ImageSet.from_arrays(pixels[order], truth.assign(id=[f"{i:04d}" for i in range(len(order))]))


def _against_truth(run: Path, synthetic: pd.DataFrame) -> _Truth:
    from doppelscan.findings import read_run

    matches = read_run(run).matches
    flagged = set(matches.loc[matches["copied"], "synthetic_id"])
    hit = synthetic["id"].isin(flagged)
    found = {name: int(hit[synthetic["strategy"] == name].sum()) for name in _COPIES}
    return _Truth(_COPIES, found, len(synthetic), int(hit[synthetic["strategy"] == "novel"].sum()))
