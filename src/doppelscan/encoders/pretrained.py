"""Which vectors do published networks give? SSCD, DINOv2, RAD-DINO and CLIP, from files at hand.

Nothing is downloaded. SSCD is a TorchScript file; the others are folders as transformers writes them, with
weights as safetensors.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import nn
from torch.nn import functional

from doppelscan.encoders.contrastive.inputs import unit_images
from doppelscan.encoders.devices import device_named
from doppelscan.encoders.passing import in_equal_batches
from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.settings import Resources

__all__ = ["Kind", "PretrainedEncoder", "pretrained"]

Kind = Literal["sscd", "dinov2", "rad-dino", "clip"]

_AT_ONCE = 8  # images that pass the network together


@dataclass(frozen=True)
class _Look:
    """What a network was trained to see: squares of `side` pixels, less `mean`, over `deviation`."""

    side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


_IMAGENET = _Look(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_LOOKS: dict[str, _Look] = {
    "sscd": replace(_IMAGENET, side=320),
    "dinov2": _IMAGENET,
    "rad-dino": _Look(518, (0.5307,) * 3, (0.2583,) * 3),
    "clip": _Look(224, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}
_SOURCES = {
    "sscd": "a TorchScript file of github.com/facebookresearch/sscd-copy-detection (MIT)",
    "dinov2": "a folder such as facebook/dinov2-base of the hub (Apache-2.0)",
    "rad-dino": "the folder microsoft/rad-dino of the hub (see its licence)",
    "clip": "a folder such as openai/clip-vit-base-patch32 of the hub (MIT)",
}


def pretrained(kind: Kind, path: Path, *, resources: Resources | None = None) -> PretrainedEncoder:
    """The published encoder of this kind whose weights are at `path`.

    Raises
    ------
    InputError
        If the kind is unknown, or the weights are absent or are none; it says where they are had.
    MissingExtra
        If transformers, which all but SSCD need, is not installed.
    """
    if kind not in _LOOKS:
        raise InputError(Problem(f"knows no encoder {kind!r}", cure=f"choose from {', '.join(_LOOKS)}"))
    if not path.exists():
        raise _unusable(kind, path, "there are no weights")
    device = device_named((resources or Resources()).device)
    encode, look = _torchscript(path) if kind == "sscd" else _transformer(kind, path)
    return PretrainedEncoder(encode.to(device).eval(), look, device)


@dataclass(frozen=True, eq=False)
class PretrainedEncoder:
    """A published network of photographs or films, and what it was trained to see."""

    network: nn.Module
    look: _Look
    device: torch.device

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, the same in any company.

        Values of any real type, of 8 bits or 16, are scaled to 0 to 1 by the image's own extremes; the
        whole image is made a square by bicubic interpolation, nothing is cut off. One channel is shown as
        grey; of three the network sees the colours; of any other number each is encoded alone, as grey,
        and the vectors are joined.

        Raises
        ------
        InputError
            If the images are volumes, or are not finite.
        """
        if pixels.ndim != 4:
            what = f"images have {pixels.ndim - 2} spatial axes, but this encoder sees only flat ones"
            raise InputError(Problem(what, cure="give slices of the volumes"))
        if pixels.shape[1] in {1, 3}:
            return in_equal_batches(pixels, _AT_ONCE, self._passed)
        alone = [in_equal_batches(pixels[:, [c]], _AT_ONCE, self._passed) for c in range(pixels.shape[1])]
        return np.concatenate(alone, axis=1)

    @torch.inference_mode()
    def _passed(self, pixels: Shaped[np.ndarray, "m c h w"]) -> Float32[np.ndarray, "m d"]:
        vectors: torch.Tensor = self.network(_as_seen(unit_images(pixels), self.look).to(self.device))
        return vectors.float().cpu().numpy()


def _as_seen(images: Float[torch.Tensor, "n c h w"], look: _Look) -> Float[torch.Tensor, "n 3 side side"]:
    """Images between 0 and 1 as squares of three channels on the network's scale."""
    square = functional.interpolate(
        images, size=(look.side, look.side), mode="bicubic", antialias=True, align_corners=False
    ).clamp(0, 1)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (look.mean, look.deviation))
    return (square.expand(-1, 3, -1, -1) - mean) / deviation


def _torchscript(path: Path) -> tuple[nn.Module, _Look]:
    """SSCD: a network that gives vectors of images directly."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # SSCD is published in no other form
            network: nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise _unusable("sscd", path, "cannot be read as TorchScript") from error
    return network, _LOOKS["sscd"]


def _transformer(kind: Kind, path: Path) -> tuple[nn.Module, _Look]:
    """A vision transformer, and the look that its folder or, failing that, its kind has."""
    try:
        import transformers
    except ImportError as error:
        raise MissingExtra("transformers", "text", f"the encoder {kind}") from error
    model = transformers.CLIPVisionModelWithProjection if kind == "clip" else transformers.AutoModel
    try:
        network = model.from_pretrained(path, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise _unusable(kind, path, f"cannot be read: {error}") from error
    pick = _projected if kind == "clip" else _class_token
    return _Picked(network, pick), _look_of(path, _LOOKS[kind])


class _Picked(nn.Module):
    """A transformer of which only one vector an image is wanted."""

    def __init__(self, network: nn.Module, pick: Callable[[Any], torch.Tensor]) -> None:
        super().__init__()
        self.network, self.pick = network, pick

    def forward(self, images: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n d"]:
        return self.pick(self.network(pixel_values=images))


def _projected(output: Any) -> torch.Tensor:
    vectors: torch.Tensor = output.image_embeds
    return vectors


def _class_token(output: Any) -> torch.Tensor:
    vectors: torch.Tensor = output.last_hidden_state[:, 0]
    return vectors


def _look_of(folder: Path, otherwise: _Look) -> _Look:
    """What `preprocessor_config.json` says of size, mean and deviation, where it is there and says so."""
    try:
        config = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise
    size = config.get("crop_size") or config.get("size") or {}
    side = size if isinstance(size, int) else size.get("height") or size.get("shortest_edge")
    mean, deviation = config.get("image_mean"), config.get("image_std")
    return _Look(
        int(side or otherwise.side), tuple(mean or otherwise.mean), tuple(deviation or otherwise.deviation)
    )


def _unusable(kind: str, path: Path, reason: str) -> InputError:
    return InputError(Problem(reason, where=str(path), cure=f"{kind} needs {_SOURCES[kind]}"))
