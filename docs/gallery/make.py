"""How was the gallery made? Each family trained, drawn from and audited as a user does it.

Run: `python docs/gallery/make.py WORK --minutes 60`. Each row named (all, unless some are) is trained for so long;
models in WORK go on where they stood, and what they cost is added up. Then samples, audit and pictures are made anew,
and `rows.json` and the table of `index.md` beside this file are written. `--minutes 0` trains nothing more. The real
images are those of DOPPELSCAN_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pictures import write_curves, write_grid

from doppelscan.findings import read_run
from doppelscan.generators.checkpoints import checkpoints_of
from doppelscan.imagesets import open_images

HERE = Path(__file__).parent
SEEDS = "0-199"
PREPARED = {
    "films": ("chest_xray", "--size", "64", "--channels", "grey"),
    "volumes": ("hippocampus", "--size", "16x24x16", "--intensity", "percentile"),
}


@dataclass(frozen=True)
class Plan:
    """A family, what it is trained on, and what is changed of its preset `tiny`."""

    family: str
    data: str
    changes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model and its pictures are named so."""
        return f"{self.family}-{self.data}"


PLANS = (
    Plan("ddpm", "films", ("n_images=16000",)),
    Plan(
        "latent_diffusion",
        "films",
        ("autoencoder.training.n_images=4000", "adversary_from=3000", "diffusion.training.n_images=16000"),
    ),
    Plan("vae", "films", ("n_images=16000", "adversary_from=12000")),
    Plan("stylegan2", "films", ("n_images=16000",)),
    Plan("ddpm", "volumes", ("n_images=8000",)),
    Plan(
        "latent_diffusion",
        "volumes",
        ("autoencoder.training.n_images=1600", "adversary_from=1200", "diffusion.training.n_images=16000"),
    ),
    Plan("vae", "volumes", ("n_images=8000", "adversary_from=6000")),
)


def main() -> None:
    """Make the rows that are asked for, and write each into the page when it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder of sets, models, samples and audits")
    parser.add_argument("rows", nargs="*", help=", ".join(plan.name for plan in PLANS))
    parser.add_argument("--minutes", type=float, default=10, help="that each row is trained for")
    a = parser.parse_args()
    rows = json.loads((HERE / "rows.json").read_text())
    for plan in PLANS:
        if a.rows and plan.name not in a.rows:
            continue
        train(plan, a.work, a.minutes)
        rows[plan.name] = row_of(plan, a.work)
        ordered = {one.name: rows[one.name] for one in PLANS if one.name in rows}
        (HERE / "rows.json").write_text(json.dumps(ordered, indent=1) + "\n")
        write_table(HERE / "index.md", ordered.values())


def train(plan: Plan, work: Path, minutes: float) -> None:
    """Prepare the images, once, and train for so long; what counts is the last checkpoint, not a minute old."""
    (name, *options), sets, model = PREPARED[plan.data], work / plan.data, work / plan.name
    if not (sets / "holdout" / "imageset.json").exists():
        source = Path(os.environ["DOPPELSCAN_DATA"]) / name
        doppelscan("prepare", source, "--out", sets, "--holdout", "0.2", *options)
    if minutes == 0:
        return
    images = ("--images", sets / "train", "--holdout", sets / "holdout", "--out", model)
    changes = [word for change in plan.changes for word in ("--set", change)]
    amended = ["--amend"] if (model / "model.json").exists() else []
    before = cpu_seconds()
    doppelscan("train", plan.family, *images, *changes, *amended, "--keep-minutes", "1", seconds=60 * minutes)
    cost = {"cpu_seconds": round(cpu_seconds() - before), "hardware": hardware()}
    with (model / "cost.jsonl").open("a") as file:
        file.write(json.dumps(cost) + "\n")


def row_of(plan: Plan, work: Path) -> dict[str, str]:
    """Draw, audit and picture what a model can do by now; what the table says of it."""
    sets, model = work / plan.data, work / plan.name
    samples, run = work / f"{plan.name}-samples", work / f"{plan.name}-run"
    for folder in (samples, run):
        shutil.rmtree(folder, ignore_errors=True)
    doppelscan("sample", model, "--seeds", SEEDS, "--out", samples)
    given = ("--train", sets / "train", "--holdout", sets / "holdout", "--synthetic", samples)
    doppelscan("audit", *given, "--method", "pearson", "--out", run)
    findings = read_run(run).findings
    real = open_images(sets / "holdout") if plan.data == "films" else None
    write_grid(HERE / f"{plan.name}.png", open_images(samples), real)
    write_curves(HERE / f"{plan.name}-curves.png", model / "metrics.jsonl")
    costs = [json.loads(line) for line in (model / "cost.jsonl").read_text().splitlines()]
    seen = {checkpoint.stage: checkpoint.seen for checkpoint in checkpoints_of(model)}
    return {
        "family": plan.family,
        "data": plan.data,
        "settings": ", ".join(("`tiny`", *plan.changes)),
        "images seen": " + ".join(f"{n:,}" for n in seen.values()),
        "CPU minutes": f"{sum(cost['cpu_seconds'] for cost in costs) / 60:.1f}",
        "on": "; ".join(sorted({cost["hardware"] for cost in costs})),
        "copied": findings.copied.percent(),
        "found": findings.power.overall.percent(),
    }


def write_table(page: Path, rows: Iterable[dict[str, str]]) -> None:
    """Put the rows, if there are any, in the place of the page's first table."""
    rows = list(rows)
    if not rows:
        return
    lines = [tuple(rows[0]), ("---",) * len(rows[0]), *(tuple(row.values()) for row in rows)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    text, found = re.subn(r"(?:^\|.*\n)+", lambda _: table, page.read_text(), count=1, flags=re.MULTILINE)
    assert found, f"{page} has no table"
    page.write_text(text)


def doppelscan(*words: object, seconds: float | None = None) -> None:
    """Run one command as a user does; after so many seconds it is killed, which it survives."""
    print("doppelscan", *words, flush=True)
    try:
        subprocess.run([sys.executable, "-m", "doppelscan", *map(str, words)], check=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        print(f"stopped after {seconds:g} s", flush=True)


def cpu_seconds() -> float:
    """What all commands that ended took of processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hardware() -> str:
    """The processor, and how many threads torch takes."""
    said = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    named = re.search(r"^model name\s*: (.+)$", said, flags=re.MULTILINE)
    n = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
    return f"{named[1].strip() if named else platform.machine()}, {n} thread{'s' * (n > 1)}"


if __name__ == "__main__":
    main()
