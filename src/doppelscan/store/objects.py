"""How is what lies in an object store, `s3://bucket/name`, found, read, and brought to hand.

A place there is written as a path: `Path("s3://bucket/set") / "imageset.json"` names what one would think, and whoever
opens it asks here. Interrupted and throttled requests are made again; what then still fails is one clear error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from doppelscan.errors import DoppelscanError, InputError, MissingExtra, Problem

__all__ = [
    "answered",
    "at_hand",
    "folders_in",
    "is_file",
    "is_object",
    "is_zarr",
    "names_under",
    "put",
    "read_bytes",
    "refuse_objects",
    "remove",
    "shown",
    "zarr_store",
]

Answer = TypeVar("Answer")

SCHEMES = {"s3": "s3fs"}
"""Kinds of object stores, and the package that opens each."""

ZARR = ("zarr.json", ".zarray", ".zgroup")
"""The files of which one is in the folder of a Zarr array or group."""

_TRIES = 6
_PAUSE = 0.5  # seconds before the second try, doubled before each further one
_OPTIONS = {
    "s3": {
        "use_listings_cache": False,
        "config_kwargs": {
            "retries": {"mode": "standard", "max_attempts": 5},
            "connect_timeout": 10,
            "read_timeout": 60,
        },
    }
}


def is_object(path: str | Path) -> bool:
    """Whether this names something in an object store."""
    return str(path).partition(":/")[0] in SCHEMES


def shown(path: str | Path) -> str:
    """How a place is written for people: `s3://bucket/name`, of which a path keeps one stroke."""
    scheme, colon, rest = str(path).partition(":/")
    return f"{scheme}://{rest.lstrip('/')}" if colon and scheme in SCHEMES else str(path)


def is_file(path: Path) -> bool:
    """Whether a file or an object is here; False where it is forbidden to look into a folder."""
    if not is_object(path):
        return os.path.isfile(path)  # noqa: PTH113 - False, not an error
    return bool(_asked(path, lambda system, name: system.isfile(name)))


def is_zarr(path: Path) -> bool:
    """Whether a folder of this machine is a Zarr array or group; one folder, but one thing to be read."""
    return not is_object(path) and any(os.path.isfile(os.path.join(path, name)) for name in ZARR)  # noqa: PTH113, PTH118


def read_bytes(path: Path) -> bytes:
    """All that a file or an object holds; FileNotFoundError where there is none."""
    if not is_object(path):
        if not stat.S_ISREG(path.stat().st_mode):  # what never ends, or waits for ever
            raise OSError(errno.EINVAL, "is no file", str(path))
        return path.read_bytes()
    content: bytes = _asked(path, lambda system, name: system.cat_file(name))
    return content


@contextlib.contextmanager
def at_hand(path: Path) -> Iterator[Path]:
    """A file of this machine with that content and name: itself, or a copy that goes when the block ends."""
    if not is_object(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="doppelscan-") as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(read_bytes(path))
        yield copy


def names_under(folder: Path) -> list[str]:
    """The objects under a place, sorted, relative to it."""
    found: list[str] = _asked(folder, lambda system, name: system.find(name))
    inside = _asked(folder, lambda system, name: system._strip_protocol(name)).rstrip("/") + "/"
    return sorted(name[len(inside) :] for name in found if name.startswith(inside))


def folders_in(folder: Path) -> list[Path]:
    """The folders that are directly in a folder, sorted."""
    if not is_object(folder):
        return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [folder / name for name in sorted({n.partition("/")[0] for n in names_under(folder) if "/" in n})]


def put(file: Path, path: Path) -> None:
    """Make a file's content an object; one of that name is replaced."""
    content = file.read_bytes()
    _asked(path, lambda system, name: system.pipe_file(name, content))


def remove(paths: Sequence[Path]) -> None:
    """Remove objects."""
    for path in paths:
        _asked(path, lambda system, name: system.rm_file(name))


def zarr_store(path: Path) -> Any:
    """What `zarr.open_array` opens to read an array where it lies."""
    if not is_object(path):
        return path
    import zarr.storage

    _system(_scheme(path))
    options = _OPTIONS.get(_scheme(path), {})
    return zarr.storage.FsspecStore.from_url(shown(path), storage_options=options, read_only=True)


def refuse_objects(path: Path) -> None:
    """Refuse a place in an object store for what is written bit by bit.

    Raises
    ------
    InputError
        Naming what may be written there.
    """
    if is_object(path):
        cure = "write it to a folder; sets, samples and audits may be written to an object store"
        raise InputError(Problem("is in an object store", where=shown(path), cure=cure))


def answered(path: Path, ask: Callable[[], Answer]) -> Answer:
    """What `ask` gives; of an object store it is asked again, after a pause, where something was in the way.

    Raises
    ------
    InputError
        If the store still does not answer. FileNotFoundError is an answer.
    """
    if not is_object(path):
        return ask()
    for attempt in range(_TRIES):
        try:
            return ask()
        except (FileNotFoundError, IsADirectoryError, DoppelscanError):
            raise
        except Exception as error:
            if attempt + 1 == _TRIES or _is_final(error):
                raise _unanswered(shown(path), error) from error
            time.sleep(_PAUSE * 2**attempt)
    raise AssertionError("the last try answers or raises")


def _asked(path: Path, ask: Callable[[Any, str], Answer]) -> Answer:
    """What the file system of a store answers about a place."""
    system, name = _system(_scheme(path)), shown(path)
    return answered(path, lambda: ask(system, name))


def _is_final(error: Exception) -> bool:
    """Whether to ask again cannot help: what is forbidden stays so, and credentials do not appear."""
    return isinstance(error, PermissionError) or "Credentials" in type(error).__name__


def _unanswered(name: str, error: Exception) -> InputError:
    """One message, without anything of the request: it may hold credentials."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    cure = "check the network, the endpoint (AWS_ENDPOINT_URL) and the credentials; the same command goes on"
    return InputError(Problem(f"the object store does not answer: {reason}", where=name, cure=cure))


def _scheme(path: Path) -> str:
    scheme, _, rest = str(path).partition(":/")
    if "@" in rest.lstrip("/").partition("/")[0]:
        cure = "give them by the environment (AWS_ACCESS_KEY_ID, ...) or a profile"
        raise InputError(Problem("credentials do not belong into the name of a place", cure=cure))
    return scheme


@cache
def _system(scheme: str) -> Any:
    try:
        import fsspec

        return fsspec.filesystem(scheme, **_OPTIONS.get(scheme, {}))
    except ImportError as error:
        raise MissingExtra(SCHEMES[scheme], scheme, f"{scheme}://") from error
