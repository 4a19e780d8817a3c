"""How many steps of training a second, against MONAI's tutorial loop? With the same network, in the same run.

The peer trains its own U-Net, and ours, of the same widths; both sides flip, turn or shift their images. Run:
`python benchmarks/training.py`. The peer is installed with the extra `bench`, and left out where it is not.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from doppelscan.generators import family_named
from doppelscan.generators.engine import training
from doppelscan.generators.nets.unet import Plan, UNet
from doppelscan.imagesets import ImageSet
from generating.films import films
from generating.learning import ALONE, beginner, lesson_on
from generating.peers import missing
from generating.tutorial import InMonai, Tutorial, monai_unet
from realimages import DATA
from stopwatch import processor, take_turns, write_table

PLANS = {
    "small": Plan((32, 64, 96), (False, False, True), blocks=1, head_channels=32),
    "tutorial": Plan((128, 256, 256), (False, True, True), blocks=1, head_channels=256),  # MONAI's own
}


def main() -> None:
    """Time all loops in turns, and add to the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", choices=list(PLANS), default="small")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5, help="in one turn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    plan, pixels = PLANS[a.plan], films(a.data, a.side)[0][: a.steps * a.batch]
    with tempfile.TemporaryDirectory() as folder:
        loops = {"doppelscan": ours(pixels, plan, a.batch, a.steps)}
        if (reason := missing("monai", "einops")) is None:
            loops |= peers(written(pixels, Path(folder)), plan, a.side, a.batch)
        else:
            print(f"MONAI is left out: {reason}")
        loops["doppelscan, another network: patch=2"] = ours(pixels, replace(plan, patch=2), a.batch, a.steps)
        runs = take_turns(loops, a.repeats)
    about = f"U-Net of {plan.channels}, {a.side} px, {a.steps} steps of {a.batch} images, {a.threads} threads"
    write_table("loop", runs, about, a.repeats, a.out / f"training-{processor()}.md")


def ours(pixels: np.ndarray, plan: Plan, batch: int, steps: int) -> Callable[[], object]:
    """Our engine, with its averages, clipping and logs."""
    tiny = family_named("ddpm").presets["tiny"]
    settings = replace(
        tiny,
        channels=plan.channels,
        attention=plan.attention,
        blocks=plan.blocks,
        head_channels=plan.head_channels,
        patch=plan.patch,
        training=replace(tiny.training, batch=batch, augmentation="dar"),
    )
    images = ImageSet.from_arrays(pixels)
    about, learner = beginner(images, settings)
    loop = training(learner, lesson_on(images, about), ALONE)
    return lambda: [float(step.logged["unet"]) for step in islice(loop, steps)]


def peers(files: list[Path], plan: Plan, side: int, batch: int) -> dict[str, Callable[[], object]]:
    """MONAI's loop with its network and with ours."""
    networks = {"its own": monai_unet(plan), "our": InMonai(UNet(2, 1, 1, plan))}
    return {
        f"MONAI's tutorial, {whose} U-Net": Tutorial(network, files, side, batch).epoch
        for whose, network in networks.items()
    }


def written(pixels: np.ndarray, folder: Path) -> list[Path]:
    files = [folder / f"{i}.png" for i in range(len(pixels))]
    for file, image in zip(files, pixels, strict=True):
        cv2.imwrite(str(file), image[0])
    return files


if __name__ == "__main__":
    main()
