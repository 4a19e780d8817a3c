"""Which network is in a folder that transformers wrote? One that gives a vector an image, with all its weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.encoders.looks import Look, look_of
from doppelscan.encoders.published import unusable
from doppelscan.errors import MissingExtra
from doppelscan.store import parse_json

__all__ = ["transformer"]

_CLASSES = {  # by what config.json calls the model
    "dinov2": "Dinov2Model",
    "dinov2_with_registers": "Dinov2WithRegistersModel",
    "clip": "CLIPVisionModelWithProjection",
    "clip_vision_model": "CLIPVisionModelWithProjection",
}
_UNUSED = "mask_token"  # of training only; published DINOv2 files may lack it


def transformer(folder: Path) -> tuple[nn.Module, Look]:
    """The network, and what it was trained to see.

    Raises
    ------
    InputError
        If the folder is of no known network, its weights are no safetensors, or some are missing.
    MissingExtra
        If transformers is not installed.
    """
    named = _class_name(folder)
    try:
        import transformers
    except ImportError as error:
        raise MissingExtra("transformers", "text", f"the encoder {folder}") from error
    look = look_of(folder)
    with _quiet(transformers):
        network = _Vectors(_loaded(getattr(transformers, named), folder))
    _refuse_other_sizes(network, look, folder)
    return network, look


class _Vectors(nn.Module):
    """A transformer of which only one vector an image is wanted: CLIP's projection, else the class token."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n d"]:
        output = self.network(pixel_values=images)
        vectors: torch.Tensor = (
            output.image_embeds if "image_embeds" in output else output.last_hidden_state[:, 0]
        )
        return vectors


def _class_name(folder: Path) -> str:
    try:
        model = parse_json((folder / "config.json").read_bytes())["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unusable(
            str(folder), "is no folder as transformers writes it: no config.json tells its model"
        ) from error
    if model not in _CLASSES:
        raise unusable(str(folder), f"holds a network {model!r}, which is none of {', '.join(_CLASSES)}")
    return _CLASSES[model]


def _loaded(model: Any, folder: Path) -> nn.Module:
    """The network; transformers would draw at random what the files lack, so nothing may be missing."""
    from safetensors import SafetensorError

    try:
        network, told = model.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise unusable(str(folder), f"cannot be read as safetensors: {error}") from error
    missing = sorted(name for name in told["missing_keys"] if not name.endswith(_UNUSED))
    if missing:
        raise unusable(str(folder), f"lacks {len(missing)} weights, such as {missing[0]}")
    loaded: nn.Module = network
    return loaded


def _refuse_other_sizes(network: nn.Module, look: Look, folder: Path) -> None:
    """Let one image through: networks with fixed positions take one size only."""
    try:
        with torch.inference_mode():
            network(torch.zeros(1, 3, look.side, look.side))
    except (RuntimeError, ValueError) as error:
        raise unusable(str(folder), f"cannot see images of {look.side} pixels: {error}") from error


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No bars and reports of its own while it loads."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
