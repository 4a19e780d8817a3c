"""The one door of each package that only training and drawing need."""

from __future__ import annotations

import importlib
from types import ModuleType

from doppelscan.errors import MissingExtra

__all__ = ["accelerate", "diffusers", "peft", "tensorboard", "transformers"]


def accelerate() -> ModuleType:
    """Several processes, each with a device of its own."""
    return _opened("accelerate", "accelerate", "training on several devices")


def peft() -> ModuleType:
    """Low-rank adapters of others' networks."""
    return _opened("peft", "peft", "training by LoRA", extra="text")


def transformers() -> ModuleType:
    """Text encoders and their tokenizers."""
    return _opened("transformers", "transformers", "drawing from text", extra="text")


def diffusers() -> ModuleType:
    """Schedulers: how noise becomes an image."""
    return _opened("diffusers", "diffusers", "drawing by diffusion")


def tensorboard() -> ModuleType:
    """Curves while a training runs."""
    return _opened("torch.utils.tensorboard", "tensorboard", "logging for TensorBoard")


def _opened(module: str, package: str, purpose: str, *, extra: str = "generate") -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(package, extra, purpose) from error
