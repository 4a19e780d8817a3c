"""`doppelscan demo`: the whole job on phantoms, from a generator that memorizes to the report; nothing to download."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.audit import summary
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Json, Memory, Seed, Workers, as_resources
from doppelscan.cli.planted import Truth, planted_sets, truth_of
from doppelscan.cli.worded import Worded, skins, worded
from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.store import locked

if TYPE_CHECKING:
    from doppelscan.imagesets import ImageSet
    from doppelscan.settings import Resources
    from doppelscan.workers import Progress

__all__ = ["demo"]

_TRAIN, _HOLDOUT, _DRAWN, _SIZE = 24, 300, 100, 32  # patients, other patients, films drawn, pixels
_RECIPE = (
    *("n_images=8000", "batch=8", "warm_up=400", "decay=cosine", "half_life=1000", "precision=float32"),
    *("learning_rate=0.002", "channels=32,48,64", "attention=false,false,true", "head_channels=32"),
    *("patch=2", "blocks=1", "schedule=cosine", "predicts=v"),
)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sets, the audit and its report.")] = Path("demo"),
    planted: Annotated[
        bool, typer.Option("--planted", help="Train nothing: hide copies whose truth is known.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Train a text-to-image model; draw by every strategy.")
    ] = False,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Train a small diffusion model on few invented patients until it memorizes some, and audit what it draws.

    It takes about two minutes on a free core; run again after an interruption, it goes on where it stood. With
    --planted nothing is trained: copies are hidden among films of other patients, and what the audit
    finds is held against the truth. With --text a whole text-to-image model of random weights is fine-tuned on
    photographs of skin lesions, and draws from words, and anew parts of photographs, by every strategy.
    """
    from doppelscan.audit import AuditSettings, audit
    from doppelscan.report import write_report

    _refuse(planted=planted, text=text)
    resources, run = as_resources(memory, workers, "cpu"), out / "run"
    with locked(out), shown_progress() as progress:
        sets = planted_sets(seed) if planted else skins(seed) if text else _cohort(seed)
        kept = _kept(sets, out, resources, progress)
        if not planted:
            with _threads(2 if text else 1):  # always as many: sums in another order end in other films
                kept["synthetic"] = (
                    worded(kept, out, seed, progress)
                    if text
                    else _memorized(kept, out, seed, resources, progress)
                )
        findings = audit(
            train=kept["train"],
            synthetic=kept["synthetic"],
            holdout=kept["holdout"],
            settings=AuditSettings(method="pearson", seed=seed),
            out=run,
            resources=resources,
            progress=progress,
        )
        page = write_report(run)
    if planted:
        story: Truth | Worded | _Story = truth_of(run, kept["synthetic"].table)
    else:
        story = Worded.of(kept, out) if text else _Story.of(kept, out)
    if as_json:
        told = {"findings": findings.to_json(), "truth" if planted else "generator": story.to_json()}
        say(json.dumps(told, ensure_ascii=False))
    else:
        say(f"{story.sentence()}\n{summary(findings, page)}")


@dataclass(frozen=True)
class _Story:
    """What was trained, on what, for how long, and what it drew."""

    n_patients: int
    epochs: int
    n_drawn: int
    times: float

    @staticmethod
    def of(kept: Mapping[str, ImageSet], out: Path) -> _Story:
        """Told from the model's own curves."""
        lines = [json.loads(line) for line in (out / "model/metrics.jsonl").read_text().splitlines()]
        last = next(line for line in reversed(lines) if "gap" in line)
        ratio = last["holdout loss"] / last["training loss"]
        return _Story(
            len(kept["train"]), round(last["seen"] / len(kept["train"])), len(kept["synthetic"]), ratio
        )

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def sentence(self) -> str:
        return (
            f"A small diffusion model saw the films of {self.n_patients} invented patients {self.epochs} times each; "
            f"by then its loss on other patients was {self.times:.1f} times as high. It drew {self.n_drawn} films."
        )


def _refuse(*, planted: bool, text: bool) -> None:
    """Say at once what the generator needs, and that there is a demo without one."""
    if planted and text:
        raise InputError(Problem("--planted and --text are two demos", cure="run one, then the other"))
    needed = {} if planted else {"diffusers": "generate", "tensorboard": "generate"}
    for package, extra in (needed | ({"transformers": "text"} if text else {})).items():
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, extra, "the demo's generator (`demo --planted` needs none)")


def _cohort(seed: int) -> dict[str, ImageSet]:
    """Films of few patients to train on, and of many others."""
    from doppelscan.imagesets import ImageSet
    from doppelscan.imagesets.phantoms import chest

    train = chest(_TRAIN, size=_SIZE, seed=seed)
    holdout = chest(_HOLDOUT, size=_SIZE, seed=seed, first_patient=_TRAIN)
    return {
        "train": ImageSet.from_arrays(train.pixels, train.table),
        "holdout": ImageSet.from_arrays(holdout.pixels, holdout.table),
    }


def _kept(
    sets: Mapping[str, ImageSet], out: Path, resources: Resources, progress: Progress
) -> dict[str, ImageSet]:
    """The sets, on disk."""
    from doppelscan.imagesets import save

    return {
        name: save(images, out / name, resources=resources, progress=progress)
        for name, images in sets.items()
    }


def _memorized(
    kept: Mapping[str, ImageSet], out: Path, seed: int, resources: Resources, progress: Progress
) -> ImageSet:
    """What a small diffusion model draws that has seen the training films too often."""
    from doppelscan.generators import Keeping, changed, family_named, fit

    model = fit(
        kept["train"],
        changed(family_named("ddpm").presets["tiny"], _RECIPE),
        out=out / "model",
        holdout=kept["holdout"],
        seed=seed,
        keeping=Keeping(marks=3, last=1, minutes=0.25),
        resources=resources,
        progress=progress,
    )
    return model.sample_to(range(_DRAWN), out / "synthetic", progress=progress)


@contextlib.contextmanager
def _threads(n: int) -> Iterator[None]:
    """Until the block ends torch computes on so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
