"""How like real films are drawn ones? Frechet distances from films of patients that nobody learnt from.

`learning`: `ddpm` tiny after some seconds of processors, against denoising-diffusion-pytorch after as many.
`samplers`: the default sampler, in 30 steps, against 1,000 ancestral steps of the same network.

Run: `python benchmarks/fidelity.py learning --seconds 600`. Drawn images are kept in `--work` and not drawn again.
The peer is installed beside (it pins no torch, but asks for torchvision, of which it needs nothing here; where
there is none for this torch, an empty package with the names `transforms` and `utils` does):
`pip install --no-deps denoising-diffusion-pytorch ema-pytorch einops`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from doppelscan.generators import Drawing, changed, family_named
from doppelscan.quality.frechet import frechet_distance
from generating.distances import ENCODERS, Encode, resampled
from generating.films import films
from generating.learning import Ours, peer_trained, trained
from generating.peers import missing
from realimages import DATA

Drawn = dict[str, np.ndarray]  # films of each side, (n, 1, side, side) uint8


def main() -> None:
    """Train, draw, and add a table to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=list(QUESTIONS), nargs="?", default="learning")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=600, help="of processors, for each training")
    parser.add_argument("--images", type=int, default=128, help="drawn by each side")
    parser.add_argument("--set", action="append", default=[], help="change a setting of ddpm's preset `tiny`")
    parser.add_argument("--encoders", nargs="*", choices=list(ENCODERS), default=list(ENCODERS))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "fidelity")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--only", help="draw this side alone, and make no table")
    a = parser.parse_args()
    learnt, others = films(a.data, a.side)
    sides = QUESTIONS[a.question](learnt, a)
    chosen = [a.only] if a.only else list(sides)
    drawn = {
        name: _kept(a.work / f"{a.question}-{name}.npy".replace(" ", "-"), sides[name]) for name in chosen
    }
    if not a.only:
        drawn |= {"films that were learnt": learnt[: a.images]}
        text = "\n".join([*_heading(a), *table(drawn, learnt, others, a.encoders), "", ""])
        print(text)
        with (a.out / "fidelity.md").open("a") as file:
            file.write(text)


def learning(learnt: np.ndarray, a: argparse.Namespace) -> dict[str, Callable[[], np.ndarray]]:
    settings = changed(family_named("ddpm").presets["tiny"], a.set)

    def ours() -> np.ndarray:
        model = trained(learnt, settings, a.seconds)
        print(f"doppelscan: {model.learner.step} steps", flush=True)
        return model.draw(a.images)

    def peers() -> np.ndarray:
        model = peer_trained(learnt, settings.learning_rate, a.seconds)
        print(f"denoising-diffusion-pytorch: {model.average.step.item()} steps", flush=True)
        return model.draw(a.images)

    if (
        reason := missing("denoising_diffusion_pytorch.denoising_diffusion_pytorch", "ema_pytorch")
    ) is not None:
        print(f"denoising-diffusion-pytorch is left out: {reason}")
        return {"doppelscan": ours}
    return {"doppelscan": ours, "denoising-diffusion-pytorch": peers}


def samplers(learnt: np.ndarray, a: argparse.Namespace) -> dict[str, Callable[[], np.ndarray]]:
    settings = changed(family_named("ddpm").presets["tiny"], a.set)

    @cache
    def model() -> Ours:
        made = trained(learnt, settings, a.seconds)
        print(f"{made.learner.step} steps of training", flush=True)
        return made

    return {
        f"default, {settings.sampler_steps} steps": lambda: model().draw(a.images),
        "ancestral, 1,000 steps": lambda: model().draw(a.images, Drawing(sampler="ddpm")),
    }


QUESTIONS = {"learning": learning, "samplers": samplers}


def table(drawn: Drawn, learnt: np.ndarray, others: np.ndarray, names: list[str]) -> list[str]:
    """A row a side: its distance by each encoder, and where 95% of resampled sets of drawn images lie."""
    encoders = {name: ENCODERS[name](learnt) for name in names}
    lines = [f"| films | {' | '.join(encoders)} |", "| --- |" + " --- |" * len(encoders)]
    for name, pixels in drawn.items():
        cells = [_cell(pixels, others, encode) for encode in encoders.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(pixels: np.ndarray, others: np.ndarray, encode: Encode) -> str:
    x, y = encode(pixels), encode(others)
    low, high = np.quantile(resampled(x, y), [0.025, 0.975])
    return f"{frechet_distance(x, y):.3g} ({low:.3g} to {high:.3g})"


def _heading(a: argparse.Namespace) -> list[str]:
    changes = "".join(f", {change}" for change in a.set)
    about = f"{a.side} px{changes}; {a.seconds:.0f} s of processors for a training, {a.images} images"
    return [f"## {a.question}: {about}", ""]


def _kept(path: Path, draw: Callable[[], np.ndarray]) -> np.ndarray:
    """What was drawn before, or is now."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, draw())
    return np.load(path)


if __name__ == "__main__":
    main()
