"""What may be chosen about a text-to-image model: whose weights it begins with, what moves, what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doppelscan.errors import InputError, Problem
from doppelscan.generators.recipe import Training
from doppelscan.generators.text_to_image.prompts import columns_of

__all__ = ["PRESETS", "Sampler", "TextToImageSettings"]

Sampler = Literal["dpm++", "ddim", "ddpm"]


@dataclass(frozen=True)
class TextToImageSettings:
    """The settings of one model; `training` is its schedule.

    Attributes
    ----------
    weights
        The Stable-Diffusion-class model (1.x, 2.x, inpainting ones too) that it begins with: a folder as diffusers
        writes them, or `owner/name` in the hub's cache. Nothing is downloaded.
    prompt
        What the model is told of an image. `{label}` stands for what that column of the table holds, as does any
        other name; what is between square brackets is left out where a column in it is null.
    conditional
        Whether the columns that the prompt names are told.
    moves, rank
        What training changes of the U-Net: `all` of it, or adapters of low `rank` beside its attention (`lora`).
        Autoencoder and text encoder stay as they are.
    learning_rate
        The largest: `warm_up` leads to it, `decay` away from it.
    latents
        What is learnt of an image: the `mean` of its latents, or a `sample` of them, drawn each time.
    min_snr
        The largest signal-to-noise ratio that a step counts by (Hang et al. 2023, gamma); None counts all alike.
    offset_noise
        The deviation of what is added to the noise of each whole channel.
    drop_prompt
        Share of images shown without a prompt.
    checkpointing
        Whether a step forgets what lies within the U-Net's blocks and computes it again: slower, in less memory.
    sampler, sampler_steps, guidance
        How images are drawn unless it is said otherwise; guidance 1 is none.
    """

    training: Training
    weights: str = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    prompt: str = "An image of {label}, a skin disease"
    conditional: bool = True
    moves: Literal["all", "lora"] = "all"
    rank: int = 16
    learning_rate: float = 5e-6
    latents: Literal["mean", "sample"] = "sample"
    min_snr: float | None = None
    offset_noise: float = 0.0
    drop_prompt: float = 0.0
    checkpointing: bool = False
    sampler: Sampler = "dpm++"
    sampler_steps: int = 50
    guidance: float = 3.0

    def __post_init__(self) -> None:
        least = {"rank": 1, "sampler_steps": 1, "offset_noise": 0, "drop_prompt": 0}
        problems = [
            Problem(f"is {getattr(self, name)}", where=name, cure=f"at least {low}")
            for name, low in least.items()
            if getattr(self, name) < low
        ]
        if self.drop_prompt > 1:
            problems.append(Problem(f"is {self.drop_prompt}", where="drop_prompt", cure="from 0 to 1"))
        if not self.learning_rate > 0:
            problems.append(Problem(f"is {self.learning_rate}", where="learning_rate", cure="above 0"))
        if self.min_snr is not None and not self.min_snr > 0:
            problems.append(Problem(f"is {self.min_snr}", where="min_snr", cure="above 0, or none"))
        if self.training.augmentation == "edm":
            cure = "none or dar: these networks cannot be told of it"
            problems.append(Problem("is edm", where="augmentation", cure=cure))
        if problems:
            raise InputError(problems)
        columns_of(self.prompt)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that the prompt names."""
        return columns_of(self.prompt)


_ONE_GPU = Training(n_images=64_000, batch=8, warm_up=800, half_life=20_000)

PRESETS = {
    "tiny": TextToImageSettings(
        Training(n_images=8_000, batch=8, warm_up=400, half_life=2_000),
        prompt="An image of {label}",
        learning_rate=1e-3,
        drop_prompt=0.1,
        sampler_steps=20,
        guidance=2.0,
    ),
    "base": TextToImageSettings(
        _ONE_GPU, prompt="An image of {label}", learning_rate=1e-5, min_snr=5.0, drop_prompt=0.1
    ),
    "lora": TextToImageSettings(
        _ONE_GPU,
        prompt="An image of {label}",
        moves="lora",
        learning_rate=1e-4,
        min_snr=5.0,
        drop_prompt=0.1,
        checkpointing=True,
    ),
    "sagers": TextToImageSettings(Training(n_images=0, epochs=4, batch=4, half_life=0, precision="float32")),
    "pretrained": TextToImageSettings(Training(n_images=0), moves="lora", rank=1),
}
"""`sagers` is how Sagers et al. (2023) fine-tune: batches of 4, learning rate 5e-6, 4 epochs, the text encoder frozen;
images are of 512 pixels (`--size 512`), drawn in 50 steps of DPM-Solver at guidance 3. `pretrained` is not trained at
all. `tiny` is for small networks of the same make on two cores, `base` and `lora` are for one GPU and some hours.

Not stated there, and our guess: no moving average, no prompts dropped, full precision. One model a disease, as they
have it, is trained with `--label`.
"""
