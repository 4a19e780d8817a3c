"""Where are the weights of published networks? On this machine, or at the place that the error names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.store import fingerprint, fingerprint_files

__all__ = ["PUBLISHED", "Published", "absent", "located", "place_fingerprint", "unseen_axes", "unusable"]

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(?<!\.pt)(?<!\.pth)(?<!\.safetensors)")
_READ = ("config.json", "preprocessor_config.json", "processor_config.json", "*.safetensors")


@dataclass(frozen=True)
class Published:
    """A network that others trained: what its weights come as, from where, under which licence."""

    name: str
    weights: str
    source: str
    licence: str

    def __str__(self) -> str:
        return f"{self.name} is {self.weights} from {self.source}, {self.licence}"


PUBLISHED = {
    "sscd": Published(
        "SSCD",
        "the file sscd_disc_mixup.torchscript.pt",
        "github.com/facebookresearch/sscd-copy-detection",
        "MIT",
    ),
    "dinov2": Published("DINOv2", "the folder facebook/dinov2-base", "huggingface.co", "Apache-2.0"),
    "rad-dino": Published(
        "RAD-DINO", "the folder microsoft/rad-dino", "huggingface.co", "MIT, for research only"
    ),
    "clip": Published("CLIP", "the folder openai/clip-vit-base-patch32", "huggingface.co", "MIT"),
    "inception": Published(
        "Inception of the FID literature",
        "the file pt_inception-2015-12-05-6726825d.pth",
        "github.com/mseitzer/pytorch-fid/releases/tag/fid_weights",
        "Apache-2.0",
    ),
}
_FOR_AUDITS = ("sscd", "dinov2", "rad-dino", "clip")


def located(name: str | Path, kind: str | None = None) -> Path:
    """The file or folder of this name or, for `owner/name`, its folder in the hub's cache; nothing is fetched.

    Raises
    ------
    InputError
        If there is none; it says where the network is had that is wanted or, failing that, suggested by the name.
    """
    path = Path(name)
    if path.exists():
        return path
    if _HUB_NAME.fullmatch(str(name)) and (folder := _in_hub_cache(str(name))):
        return folder
    raise unusable(str(name), "there is no such file or folder, nor is it in the hub's cache", kind)


def absent(name: str | Path | None, kind: str | None = None) -> list[Problem]:
    """What is wrong where a pretrained encoder, if one is asked for, is not on this machine."""
    try:
        if name is not None:
            located(name, kind)
    except InputError as error:
        return list(error.problems)
    return []


def unseen_axes(name: str | Path | None, shape: Sequence[int]) -> list[Problem]:
    """What is wrong where images of this shape (c, *space) are volumes, and a pretrained encoder is to see them."""
    n_axes = len(shape) - 1
    if name is None or n_axes == 2:
        return []
    what = f"images have {n_axes} spatial axes, but pretrained encoders see only flat ones"
    cure = "cut the volumes with `doppelscan prepare --slices`, or leave --encoder out"
    return [Problem(what, where="--encoder", cure=cure, page="howto/choose-a-method.md#a-pretrained-encoder")]


def unusable(name: str, reason: str, kind: str | None = None) -> InputError:
    """An error that says where weights are had: those of a kind, those that the name suggests, or all for audits."""
    keys = [kind] if kind else [key for key in _FOR_AUDITS if key in name.lower()]
    cure = "; ".join(str(PUBLISHED[key]) for key in keys or _FOR_AUDITS)
    return InputError(Problem(reason, where=name, cure=cure))


def place_fingerprint(place: Path) -> str:
    """What tells the weights in this file or folder from all others: the content of what is read of them."""
    files = [place] if place.is_file() else sorted(file for name in _READ for file in place.glob(name))
    contents = fingerprint_files(files)
    return fingerprint([[file.name, content] for file, content in zip(files, contents, strict=True)])


def _in_hub_cache(name: str) -> Path | None:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtra("huggingface_hub", "text", f"looking for {name} in the hub's cache") from error
    try:
        return Path(huggingface_hub.snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):  # its errors for what is not there, and for what is no name
        return None
