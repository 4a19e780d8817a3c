"""What does the FID literature's Inception say of images? 2048 features and 1008 logits, from a weights file at hand.

Nothing is downloaded. The file is `pt_inception-2015-12-05-6726825d.pth`, as it is published or as safetensors.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped

from doppelscan.encoders.devices import device_named
from doppelscan.encoders.inception_network import N_CLASSES, N_FEATURES, SIDE, InceptionNetwork
from doppelscan.encoders.passing import at_once, in_equal_batches
from doppelscan.encoders.published import located, place_fingerprint, unusable
from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.settings import Resources
from doppelscan.store import fingerprint, read_tensors

__all__ = ["InceptionEncoder", "Outputs", "inception"]

_VERSION = 1  # of how images are shown to the network; part of every fingerprint
_COUNTED = "num_batches_tracked"  # of training only; files may lack it


def inception(
    weights: str | Path, *, window: tuple[float, float] | None = None, resources: Resources | None = None
) -> InceptionEncoder:
    """The network with the weights of this file.

    Parameters
    ----------
    window
        The values shown as black and as white; what lies beyond is cut off. None for images of 8 bits, which
        run from 0 to 255. Two sets must be shown through one window, or differences of intensity between them are lost.

    Raises
    ------
    InputError
        If the weights are absent or are another network's, or the window is empty; it says where they are had.
    """
    if window is not None and not window[0] < window[1]:
        raise InputError(Problem(f"from {window[0]:g} to {window[1]:g} is no window", where="window"))
    file = located(weights, "inception")
    device = device_named((resources or Resources()).device)
    return InceptionEncoder(_network(file).to(device), window, device, place_fingerprint(file))


@dataclass(frozen=True, eq=False)
class Outputs:
    """Of each image and view of it: the features before the last layer (`pool3`), and the classes' logits.

    An image of one channel or of three has one view; of any other number, one a channel.
    """

    features: Float32[np.ndarray, "n v 2048"]
    logits: Float32[np.ndarray, "n v 1008"]


@dataclass(frozen=True, eq=False)
class InceptionEncoder:
    """Inception-v3 of the FID literature.

    Attributes
    ----------
    weights
        The fingerprint of the file it was read from.
    """

    network: InceptionNetwork
    window: tuple[float, float] | None
    device: torch.device
    weights: str

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from another encoder's."""
        return fingerprint([_VERSION, self.window, self.weights])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The features of each image, those of several views joined."""
        features = self.outputs(pixels).features
        return features.reshape(len(features), features.shape[1] * N_FEATURES)

    def outputs(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Outputs:
        """Features and logits, the same for an image in any company.

        The window becomes 0 to 255 and then -1 to 1; the whole image is made a square of 299 pixels as
        TensorFlow 1 did it: linear, without smoothing, the first pixels one upon the other. One channel is
        shown as grey; of three the network sees the colours; of any other number each is shown alone, as grey.

        Raises
        ------
        InputError
            If the images are volumes, are not finite, or are not of 8 bits and there is no window.
        """
        _refuse(pixels, self.window)
        n, c = pixels.shape[:2]
        views = pixels[:, None] if c in {1, 3} else pixels[:, :, None]
        flat = views.reshape(n * views.shape[1], *views.shape[2:])
        both = in_equal_batches(flat, at_once(self.device), self._passed)
        both = both.reshape(n, views.shape[1], N_FEATURES + N_CLASSES)
        return Outputs(both[..., :N_FEATURES], both[..., N_FEATURES:])

    @torch.inference_mode()
    def _passed(self, pixels: Shaped[np.ndarray, "m c h w"]) -> Float32[np.ndarray, "m d"]:
        shown = _as_seen(pixels, self.window or (0, 255)).to(self.device)
        return torch.cat(self.network(shown), 1).cpu().numpy()


def _refuse(pixels: Shaped[np.ndarray, "n c *space"], window: tuple[float, float] | None) -> None:
    if pixels.ndim != 4:
        what = f"images have {pixels.ndim - 2} spatial axes, but Inception sees only flat ones"
        raise InputError(Problem(what, cure="give slices of the volumes"))
    if window is None and pixels.dtype != np.uint8:
        what = f"images of {pixels.dtype} have no black and white of their own"
        raise InputError(Problem(what, cure="give the window, such as the extremes of the real set"))
    if not np.isfinite(pixels).all():
        raise InputError(
            Problem("images hold values that are NaN or infinite", cure="mend or leave them out")
        )


def _as_seen(
    pixels: Shaped[np.ndarray, "m c h w"], window: tuple[float, float]
) -> Float32[torch.Tensor, "m 3 299 299"]:
    """Images on the network's scale, (x - 128) / 128 with x from 0 to 255, of its size."""
    low, high = window
    levels = torch.from_numpy(pixels.astype(np.float64)).clamp(low, high).sub(low).mul(255 / (high - low))
    images = levels.float()
    for axis in (2, 3):
        images = _sampled(images, axis, SIDE)
    return (images.expand(-1, 3, -1, -1) - 128) / 128


def _sampled(
    images: Float[torch.Tensor, "m c h w"], axis: int, length: int
) -> Float[torch.Tensor, "m c i j"]:
    """The images at `length` places of an axis, i times old length / new, between their two neighbours."""
    old = images.shape[axis]
    place = torch.arange(length) * (old / length)
    before = place.long()
    share = (place - before).reshape([-1 if a == axis else 1 for a in range(4)])
    after = (before + 1).clamp(max=old - 1)
    return torch.lerp(images.index_select(axis, before), images.index_select(axis, after), share)


def _network(file: Path) -> InceptionNetwork:
    network = InceptionNetwork().eval()
    own = {name: value for name, value in network.state_dict().items() if name.endswith(_COUNTED)}
    try:
        network.load_state_dict(own | _read(file))
    except (RuntimeError, TypeError) as error:
        raise unusable(str(file), f"holds other weights than the network's: {error}", "inception") from error
    return network


def _read(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name: safetensors, or torch's own format read as weights and nothing else."""
    try:
        if file.suffix == ".safetensors":
            return {name: torch.from_numpy(array) for name, array in read_tensors(file)[0].items()}
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except (FormatError, OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise unusable(str(file), f"cannot be read as weights: {error}", "inception") from error
    if not isinstance(loaded, dict):
        raise unusable(str(file), "holds no weights by name", "inception")
    return loaded
