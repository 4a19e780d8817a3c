"""How many images a second, against diffusers' `DDPMPipeline`? With the same network, scheduler and number of steps.

The pipeline runs its own U-Net, and ours, of the same widths, with as many images at once as ours; and its own one
image at a time, as it does unless it is told otherwise. Weights are random: they take as long. Run:
`python benchmarks/sampling.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from doppelscan.generators import Drawing, family_named
from doppelscan.generators.ddpm import DdpmSettings
from doppelscan.generators.ddpm.drawing import scheduler_of
from doppelscan.generators.drawing import at_once, drawn
from doppelscan.generators.family import Subject
from doppelscan.generators.nets.unet import Plan, UNet
from doppelscan.generators.wanted import Wanted
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from generating.learning import CPU, beginner
from generating.pipelines import InDiffusers, diffusers_unet, pipeline
from stopwatch import processor, take_turns, write_table


def main() -> None:
    """Time all ways in turns, and add to the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--sampler", choices=["dpm++", "ddpm", "ddim"], default="dpm++")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    plan = Plan((32, 64, 96), (False, False, True), blocks=1, head_channels=32)
    ways = {"doppelscan": ours(plan, a)} | pipelines(plan, a)
    ways["doppelscan, another network: patch=2"] = ours(replace(plan, patch=2), a)
    runs = take_turns(ways, a.repeats)
    about = f"{a.images} images of {a.side} px, U-Net of {plan.channels}, {a.sampler}, {a.steps} steps"
    write_table("way", runs, f"{about}, {a.threads} threads", a.repeats, a.out / f"sampling-{processor()}.md")


def ours(plan: Plan, a: argparse.Namespace) -> Callable[[], np.ndarray]:
    """Images by seed, as `doppelscan sample` draws them."""
    noise = stream(0, "noise").integers(0, 256, (4, 1, a.side, a.side), dtype=np.uint8)
    about, learner = beginner(ImageSet.from_arrays(noise), settings_of(plan))
    seeds, labels = np.arange(a.images), np.full(a.images, -1)
    options = Drawing(sampler=a.sampler, steps=a.steps)
    return lambda: drawn(
        about,
        learner.averaged,
        Wanted(seeds, labels),
        options=options,
        device=CPU,
        size=together(a),
    )


def pipelines(plan: Plan, a: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """The peer's ways."""
    scheduler = scheduler_of(settings_of(plan), a.sampler, a.steps)
    networks: dict[str, nn.Module] = {
        "its own U-Net": diffusers_unet(plan, a.side),
        "our U-Net": InDiffusers(UNet(2, 1, 1, plan), a.side),
    }
    many = min(a.images, together(a))
    steps = len(scheduler.timesteps)  # ours leave out what would come twice
    made = {
        f"DDPMPipeline, {name}, {many} at once": pipeline(network, scheduler, a.images, many, steps)
        for name, network in networks.items()
    }
    one = pipeline(networks["its own U-Net"], scheduler, a.images, 1, steps)
    return made | {"DDPMPipeline, its own U-Net, one at a time": one}


def together(a: argparse.Namespace) -> int:
    return at_once(Subject((1, a.side, a.side)), CPU)


def settings_of(plan: Plan) -> DdpmSettings:
    return replace(
        family_named("ddpm").presets["tiny"],
        channels=plan.channels,
        attention=plan.attention,
        blocks=plan.blocks,
        head_channels=plan.head_channels,
        patch=plan.patch,
    )


if __name__ == "__main__":
    main()
