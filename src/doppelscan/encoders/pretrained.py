"""Which vectors do published networks give? SSCD, DINOv2, RAD-DINO and CLIP, from files at hand.

Nothing is downloaded, and no pickle is read: SSCD is a TorchScript file; the others are folders as transformers
writes them, with weights as safetensors.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import nn
from torch.nn import functional

from doppelscan.encoders.contrastive.inputs import unit_images
from doppelscan.encoders.devices import device_named
from doppelscan.encoders.looks import SSCD_LOOK, Look
from doppelscan.encoders.passing import at_once, in_equal_batches
from doppelscan.encoders.published import located, place_fingerprint, unusable
from doppelscan.encoders.transformer import transformer
from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources
from doppelscan.store import fingerprint

__all__ = ["PretrainedEncoder", "pretrained"]

_VERSION = 1  # of how images are shown to the networks; part of every fingerprint


def pretrained(name: str | Path, *, resources: Resources | None = None) -> PretrainedEncoder:
    """The published encoder whose weights are in this TorchScript file, this folder, or the hub's cache.

    Raises
    ------
    InputError
        If the weights are absent, are no safetensors, or are of another network; it says where they are had.
    MissingExtra
        If transformers, which all but SSCD need, is not installed.
    """
    place = located(name)
    device = device_named((resources or Resources()).device)
    network, look = transformer(place) if place.is_dir() else (_torchscript(place), SSCD_LOOK)
    return PretrainedEncoder(network.to(device).eval(), look, device, place_fingerprint(place))


@dataclass(frozen=True, eq=False)
class PretrainedEncoder:
    """A published network of photographs or films, and what it was trained to see.

    Attributes
    ----------
    weights
        The fingerprint of the files it was read from.
    """

    network: nn.Module
    look: Look
    device: torch.device
    weights: str

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from another encoder's."""
        return fingerprint([_VERSION, asdict(self.look), self.weights])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, the same in any company.

        Values of any real type, of 8 bits or 16, are scaled to 0 to 1 by the image's own extremes; the
        whole image is made a square, nothing is cut off. One channel is shown as grey; of three the
        network sees the colours; of any other number each is encoded alone, as grey, and the vectors are
        joined.

        Raises
        ------
        InputError
            If the images are volumes, or are not finite.
        """
        if pixels.ndim != 4:
            what = f"images have {pixels.ndim - 2} spatial axes, but this encoder sees only flat ones"
            raise InputError(Problem(what, cure="give slices of the volumes"))
        n_channels = pixels.shape[1]
        views = [pixels] if n_channels in {1, 3} else [pixels[:, [c]] for c in range(n_channels)]
        size = at_once(self.device)
        return np.concatenate([in_equal_batches(view, size, self._passed) for view in views], axis=1)

    @torch.inference_mode()
    def _passed(self, pixels: Shaped[np.ndarray, "m c h w"]) -> Float32[np.ndarray, "m d"]:
        vectors: torch.Tensor = self.network(_as_seen(unit_images(pixels), self.look).to(self.device))
        return vectors.float().cpu().numpy()


def _as_seen(images: Float[torch.Tensor, "n c h w"], look: Look) -> Float[torch.Tensor, "n 3 side side"]:
    """Images between 0 and 1 as squares of three channels on the network's scale."""
    square = functional.interpolate(
        images, size=(look.side, look.side), mode=look.resampling, antialias=True, align_corners=False
    ).clamp(0, 1)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (look.mean, look.deviation))
    return (square.expand(-1, 3, -1, -1) - mean) / deviation


def _torchscript(path: Path) -> nn.Module:
    """A network that gives vectors of images directly."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # SSCD is published in no other form
            network: nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise unusable(str(path), "cannot be read as TorchScript", "sscd") from error
    return network
