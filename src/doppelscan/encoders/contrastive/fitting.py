"""How does a set of images become an encoder that knows them? Trained, kept as it goes, and cached."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16, Int64

from doppelscan.encoders.contrastive.checkpoints import keep, resume
from doppelscan.encoders.contrastive.encoder import ContrastiveEncoder, block_length
from doppelscan.encoders.contrastive.inputs import input_space, resized
from doppelscan.encoders.contrastive.settings import ContrastiveSettings, Recipe
from doppelscan.encoders.contrastive.training import Learner, Lesson, training
from doppelscan.encoders.devices import device_named
from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint, locked, read_json, write_json
from doppelscan.workers import Progress, silent

__all__ = ["fit", "fitted"]

_VERSION = 1  # of what training gives; part of every key
_SECONDS_BETWEEN = 60.0  # writes of a checkpoint
_CHECKPOINT = "checkpoint.safetensors"


def fit(
    images: ImageSet,
    settings: ContrastiveSettings | None = None,
    *,
    seed: int = 0,
    folder: Path | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> ContrastiveEncoder:
    """An encoder trained on these images; on one device the same images, settings and seed give the same.

    Parameters
    ----------
    folder
        Where the training is kept every minute and the encoder in the end. A training that was cut off
        goes on from there, to the same weights; one that was finished is loaded.

    Raises
    ------
    InputError
        If there is no image, images differ in shape or are not finite, their small versions do not fit in
        memory, or `folder` holds another training.
    """
    settings, resources = settings or ContrastiveSettings(), resources or Resources()
    recipe = settings.recipe(len(images.shape) - 1)
    key = fingerprint(_key(images, recipe, seed))
    if folder is not None and _is_finished(folder, key):
        return ContrastiveEncoder.load(folder, resources=resources)
    lesson = _lesson(images, recipe, seed, resources, progress)
    learner = Learner.new(lesson, device_named(resources.device))
    _trained(learner, lesson, None if folder is None else folder / _CHECKPOINT, key, progress)
    encoder = ContrastiveEncoder(learner.network.eval(), recipe, images.shape, learner.device)
    if folder is not None:
        encoder.save(folder)
        (folder / _CHECKPOINT).unlink(missing_ok=True)
    return encoder


def fitted(
    images: ImageSet,
    settings: ContrastiveSettings | None = None,
    *,
    seed: int = 0,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> ContrastiveEncoder:
    """The encoder that `fit` gives, from the cache where it was trained before; other processes wait for it."""
    settings = settings or ContrastiveSettings()
    folder = Cache.default().path("encoders", _key(images, settings.recipe(len(images.shape) - 1), seed))
    with locked(folder):
        return fit(images, settings, seed=seed, folder=folder, resources=resources, progress=progress)


def _key(images: ImageSet, recipe: Recipe, seed: int) -> dict[str, object]:
    """All that the weights depend on, but for the device and its libraries' rounding."""
    patients = fingerprint(np.ascontiguousarray(images.patients).tobytes())
    return {
        "version": _VERSION,
        "pixels": images.pixels.fingerprint,
        "patients": patients,
        "recipe": asdict(recipe),
        "seed": seed,
    }


def _is_finished(folder: Path, key: str) -> bool:
    """Whether this training ended in `folder`; one that begins there puts its key down."""
    about = folder / "training.json"
    if not about.exists():
        write_json(about, {"format": "doppelscan-training/1", "key": key})
    elif read_json(about, expected="doppelscan-training/1")["key"] != key:
        what = "holds an encoder of other images, settings or seed"
        raise InputError(Problem(what, where=str(folder), cure="name another folder, or delete this one"))
    return (folder / "encoder.json").exists()


def _lesson(images: ImageSet, recipe: Recipe, seed: int, resources: Resources, progress: Progress) -> Lesson:
    """The images made small, in half precision, all in memory."""
    space = input_space(images.shape[1:], recipe.side)
    shape = (len(images), images.shape[0], *space)
    _refuse_too_many(shape, resources.memory)
    small = torch.empty(shape, dtype=torch.float16)
    size = block_length(images.shape, resources)
    for start in range(0, len(images), size):
        progress("reading for the encoder", start, len(images))
        block = images.read(start, min(start + size, len(images)))
        small[start : start + len(block)] = resized(block, space)
    progress("reading for the encoder", len(images), len(images))
    return Lesson(small, images.patients, _content(small), recipe, seed)


def _content(images: Float16[torch.Tensor, "n c *space"]) -> Int64[np.ndarray, " n"]:
    """A number for each image, the same for equal ones."""
    keys = [fingerprint(image.numpy().tobytes()) for image in images]
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def _refuse_too_many(shape: tuple[int, ...], memory: int) -> None:
    needed = 2 * math.prod(shape)
    if needed > memory:
        what = f"{shape[0]} images of {'x'.join(map(str, shape[1:]))} need {needed / 2**30:.1f} GB of memory"
        raise InputError(Problem(what, where="--memory", cure="allow more, or set a smaller side"))


def _trained(learner: Learner, lesson: Lesson, checkpoint: Path | None, key: str, progress: Progress) -> None:
    """Take the learner through all steps that are left, keeping it now and then."""
    if checkpoint is not None:
        resume(learner, checkpoint, key)
    progress("training the encoder", learner.done, lesson.n_steps)
    kept = time.monotonic()
    for step in training(learner, lesson):
        progress("training the encoder", step.done, step.total)
        if checkpoint is not None and time.monotonic() - kept >= _SECONDS_BETWEEN:
            keep(learner, checkpoint, key)
            kept = time.monotonic()
