"""What a thing is, told from its content: SHA-256 of files and of plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from doppelscan.settings import cores
from doppelscan.store.objects import at_hand, is_object, is_zarr
from doppelscan.store.walking import walked

__all__ = ["fingerprint", "fingerprint_file", "fingerprint_files"]

_BLOCK = 2**20
_AT_ONCE = 64  # files that a thread reads in a row


def fingerprint(value: object) -> str:
    """The SHA-256, in hex, of bytes or of a value that JSON can hold (the order of keys does not count)."""
    if not isinstance(value, bytes | bytearray | memoryview):
        value = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(value).hexdigest()


def fingerprint_file(path: Path) -> str:
    """The SHA-256, in hex, of a file's bytes; the empty string where it cannot be read or is no file.

    A folder that is a Zarr array or group counts as a file; it is known by the names and bytes of all that is in it.
    """
    return _fingerprints([path])[0]


def fingerprint_files(paths: Sequence[Path]) -> list[str]:
    """The fingerprint of each file, read in threads (hashing leaves the interpreter's lock)."""
    parts = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    with ThreadPoolExecutor(max_workers=min(32, 4 * cores())) as pool:
        return [found for part in pool.map(_fingerprints, parts) for found in part]


def _fingerprints(paths: Sequence[Path]) -> list[str]:
    """Through one buffer: to get a new one for each file takes longer than to hash a small one."""
    buffer = memoryview(bytearray(_BLOCK))
    return [_fingerprint_through(buffer, path) for path in paths]


def _fingerprint_through(buffer: memoryview, path: Path) -> str:
    digest = hashlib.sha256()
    try:
        if not is_object(path):
            if not path.is_file():  # opening a named pipe would wait for ever
                return _of_folder(buffer, path) if is_zarr(path) else ""
            if not path.stat().st_size:  # so would reading some of the files that the system invents
                return digest.hexdigest()
        with at_hand(path) as file, file.open("rb", buffering=0) as stream:
            while n := stream.readinto(buffer):
                digest.update(buffer[:n])
    except OSError:
        return ""
    return digest.hexdigest()


def _of_folder(buffer: memoryview, folder: Path) -> str:
    files = sorted(Path(entry.path) for entry in walked(folder) if entry.is_file())
    return fingerprint(
        [[str(path.relative_to(folder)), _fingerprint_through(buffer, path)] for path in files]
    )
