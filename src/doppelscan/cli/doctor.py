"""`doppelscan doctor`: what is installed and what the machine offers; what is missing, and how to get it."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires
from importlib.metadata import version as installed_version

from doppelscan.cli.display import say
from doppelscan.cli.options import Json
from doppelscan.errors import DoppelscanError, GateFailed
from doppelscan.settings import cores, free_memory

__all__ = ["doctor"]

_FOR_DEVELOPERS = ("dev", "slow", "supply", "bench", "docs")
_INSTALL = "pip install . --constraint constraints.txt, in the clone"
_SYNTAXES = (
    *("RLELossless", "JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEGLossless", "JPEGLosslessSV1"),
    *("JPEGLSLossless", "JPEGLSNearLossless", "JPEG2000Lossless", "JPEG2000"),
    *("HTJ2KLossless", "HTJ2K"),
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what it is, what was found, and the cure where something is missing.

    `needed` says whether nothing works without it; what is missing of the rest limits some commands only.
    """

    about: str
    what: str
    cure: str = ""
    needed: bool = False

    def __str__(self) -> str:
        return f"{self.about:<22}{self.what}" + (f"\n{'':<22}-> {self.cure}" if self.cure else "")


def doctor(as_json: Json = False) -> None:
    """Say versions, devices, memory, decoders and extras; what is missing, and how to get it.

    Exit 1 if anything is missing that every command needs.
    """
    found = [*_versions(), *_machine(), _cache(), _decoders(), *_extras()]
    say(json.dumps([asdict(one) for one in found]) if as_json else "\n".join(map(str, found)))
    if amiss := [one for one in found if one.needed and one.cure]:
        raise GateFailed("\n".join(f"{one.about}: {one.what} ({one.cure})" for one in amiss))


def _versions() -> Iterator[Finding]:
    yield Finding("doppelscan", installed_version("doppelscan"))
    yield Finding("Python", f"{platform.python_version()} on {platform.platform()}")
    if missing := _missing(""):
        yield Finding("packages", f"missing or too old: {', '.join(missing)}", _INSTALL, needed=True)
    else:
        yield Finding("packages", "all that are needed")


def _machine() -> Iterator[Finding]:
    yield Finding("cores", str(cores()))
    yield Finding("free memory", _gigabytes(free_memory()))
    try:
        import torch
    except (ImportError, OSError) as error:  # absent, or built for another machine
        yield Finding("PyTorch", f"cannot be loaded: {error}", _INSTALL, needed=True)
        return
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    names += ["Apple GPU"] if torch.backends.mps.is_available() else []
    without = "none that PyTorch can use: generators train on the processor, slowly"
    yield Finding("GPU", ", ".join(names) or without)
    yield Finding("PyTorch", torch.__version__)


def _cache() -> Finding:
    from doppelscan.store import Cache

    try:
        root = Cache.default().root
        Cache(root).path("doctor", {}).parent.rmdir()
    except DoppelscanError as error:
        return Finding(
            "cache", str(error), "set DOPPELSCAN_CACHE to a folder that can be written", needed=True
        )
    return Finding("cache", f"{root}, {_gigabytes(shutil.disk_usage(root).free)} free on its disk")


def _decoders() -> Finding:
    from pydicom import uid
    from pydicom.pixels.decoders.base import get_decoder

    syntaxes = [getattr(uid, name) for name in _SYNTAXES]
    absent = [one.name for one in syntaxes if not get_decoder(one).is_available]
    if not absent:
        return Finding("DICOM compression", f"all {len(syntaxes)} kinds can be decoded")
    cure = "pip install python-gdcm pyjpegls pylibjpeg pylibjpeg-openjpeg"
    return Finding("DICOM compression", f"cannot be decoded: {', '.join(absent)}", cure)


def _extras() -> Iterator[Finding]:
    for extra in metadata("doppelscan").get_all("Provides-Extra") or []:
        if extra in _FOR_DEVELOPERS:
            continue
        missing = _missing(extra)
        cure = f"pip install 'doppelscan[{extra}]'" if missing else ""
        what = f"not installed: {', '.join(missing)}" if missing else "installed"
        yield Finding(f"extra {extra}", what, cure)


def _missing(extra: str) -> list[str]:
    """The packages that an extra names, or every command needs, and that are absent or too old."""
    from packaging.requirements import Requirement

    missing = []
    for line in requires("doppelscan") or []:
        wanted = Requirement(line)
        own = "extra" in str(wanted.marker or "")
        if own != bool(extra) or (wanted.marker and not wanted.marker.evaluate({"extra": extra})):
            continue
        try:
            there = wanted.specifier.contains(installed_version(wanted.name), prereleases=True)
        except PackageNotFoundError:
            there = False
        missing += [] if there else [f"{wanted.name}{wanted.specifier}"]
    return missing


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GiB"
