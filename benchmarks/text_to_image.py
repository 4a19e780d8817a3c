"""What does drawing by a plan cost over the bare diffusers pipeline? Same model, scheduler, guidance and batch.

`sample_plan` draws, encodes prompts once, converts, checks, compresses and writes a set that can be resumed, with its
manifest; once whole and once in two shards. The pipeline (`StableDiffusionPipeline`) gives arrays and writes nothing.
Weights are random: they take as long. Run: `python benchmarks/text_to_image.py`.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from doppelscan.generators import Keeping, Model, Plan, Quota, Shard, changed, family_named, fit, sample_plan
from doppelscan.generators.drawing import at_once
from doppelscan.generators.text_to_image.drawing import scheduler_of
from doppelscan.generators.text_to_image.parts import latents_of, unet_of, words_of
from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from stopwatch import processor, take_turns, write_table

LABEL = "nevus"


def main() -> None:
    """Time all ways in turns, and add to the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = a_model(Path(folder), a)
        size = at_once(model.description.subject, model.device)
        ways = {
            f"StableDiffusionPipeline, {size} at once": bare(model, a, size),
            "doppelscan, a plan": ours(model, a, Path(folder) / "whole", 1),
            "doppelscan, a plan in two shards": ours(model, a, Path(folder) / "parts", 2),
        }
        runs = take_turns(ways, a.repeats)
    about = f"{a.images} images of {a.side} px in {a.steps} steps, U-Net of (96, 128), guidance 3"
    threads = torch.get_num_threads()
    table = a.out / f"text-to-image-{processor()}.md"
    write_table("way", runs, f"{about}, {threads} threads", a.repeats, table)


def a_model(folder: Path, a: argparse.Namespace) -> Model:
    weights = write_tiny_model(folder / "weights", channels=(96, 128), codes=(32, 32), steps=1000)
    changes = [f"weights={weights}", "prompt={label}", f"sampler_steps={a.steps}", "guidance=3"]
    settings = changed(family_named("text_to_image").presets["pretrained"], changes)
    noise = stream(0, "noise").integers(0, 256, (4, 3, a.side, a.side), dtype=np.uint8)
    images = ImageSet.from_arrays(noise, pd.DataFrame({"label": [LABEL] * 4}))
    return fit(images, settings, out=folder / "model", keeping=Keeping(grid=0))


def ours(model: Model, a: argparse.Namespace, out: Path, n_shards: int) -> Callable[[], object]:
    plan, run = Plan((Quota(a.images, label=LABEL),)), itertools.count()

    def work() -> object:
        place = out / str(next(run))
        shards = [Shard(number, n_shards) for number in range(1, n_shards + 1)]
        return [len(sample_plan(model, plan, place, shard=shard)) for shard in shards]

    return work


def bare(model: Model, a: argparse.Namespace, size: int) -> Callable[[], object]:
    from diffusers import StableDiffusionPipeline

    settings = model.description.settings
    pipeline = StableDiffusionPipeline(
        vae=latents_of(model.networks).autoencoder.network,
        text_encoder=words_of(model.networks).encoder.network,
        tokenizer=words_of(model.networks).tokenizer,
        unet=unet_of(model.networks).network,
        scheduler=scheduler_of(settings, model.networks, "dpm++", a.steps),  # type: ignore[arg-type]
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)

    def work() -> object:
        parts = [min(size, a.images - start) for start in range(0, a.images, size)]
        return [
            pipeline(
                [LABEL] * n,
                height=a.side,
                width=a.side,
                num_inference_steps=a.steps,
                guidance_scale=3.0,
                output_type="np",
            ).images
            for n in parts
        ]

    return work


if __name__ == "__main__":
    main()
