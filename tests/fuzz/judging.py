"""Which outcomes of reading a file are findings? Foreign errors, too much memory, a write or a call elsewhere."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doppelscan.errors import DoppelscanError

__all__ = ["Finding", "Judge", "confined"]

_RUNS = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
}
_DECODER = "doppelscan.images.formats.dicom_apart"  # decodes in a process of its own what it does not trust
_WRITES = {
    "os.mkdir": [(0, 2)],
    "os.rename": [(0, 2), (1, 3)],
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.link": [(1, 3)],
    "os.symlink": [(1, 2)],
    "os.truncate": [(0, None)],
    "os.chmod": [(0, 2)],
}
"""Which arguments of the event are what is written, and the descriptor of the folder that it lies in."""


@dataclass(frozen=True)
class Finding:
    """What went wrong (`error`, `memory`, `escape`), in short, and in full."""

    kind: str
    what: str
    trace: str


class Judge:
    """Tells what is wrong with how a file was read; `inside` is the folder where files may be written.

    From its making on, the process is watched: what it opens to write, and what it starts.
    """

    def __init__(self, inside: Path, memory: int) -> None:
        """Memory is how many bytes reading may take on top of what the process holds now."""
        self._inside, self._memory = os.path.realpath(inside), memory
        self._watching, self._escapes = False, list[str]()
        sys.addaudithook(self._heard)

    def __call__(self, read: Callable[[], object]) -> Finding | None:
        """What is wrong with the way in which this was read; None if nothing is."""
        held, self._escapes, error = _peak(), [], None
        self._watching = True
        try:
            read()
        except DoppelscanError as ours:
            error = _wrong(ours)
        except (Exception, RecursionError) as foreign:  # noqa: BLE001 - to be told of
            error = Finding("error", _place(foreign), _told(foreign))
        finally:
            self._watching = False
        if self._escapes:
            return Finding("escape", self._escapes[0], "\n".join(self._escapes))
        if error is None and (taken := _peak() - held) > self._memory:
            return Finding("memory", f"took {taken >> 20} MB", "")
        return error

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        if event in _RUNS and _DECODER not in str(arguments[:2]):
            self._escapes.append(f"{event} {arguments[:1]}")
        elif event == "open" and _to_write(arguments) and not self._is_inside(arguments[0]):
            self._escapes.append(f"opened to write {arguments[0]!r}")
        for name, folder in _WRITES.get(event, ()):
            place = _within(arguments[name], -1 if folder is None else arguments[folder])
            if not self._is_inside(place):
                self._escapes.append(f"{event} {place!r}")

    def _is_inside(self, path: object) -> bool:
        if isinstance(path, int):  # a descriptor that was opened before
            return True
        place = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        return place == os.devnull or place.startswith(self._inside + os.sep)


def _within(path: Any, folder: int) -> Any:
    """The path, or that of a name in the folder with this descriptor, as when a tree is removed."""
    if isinstance(path, int) or folder < 0:
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))  # noqa: PTH115, PTH118


@contextlib.contextmanager
def confined(memory: int, file_size: int) -> Iterator[None]:
    """Inside, this process cannot take much more memory, nor write large files."""
    with contextlib.ExitStack() as undone:
        limits = {resource.RLIMIT_AS: _mapped() + memory, resource.RLIMIT_FSIZE: file_size}
        for kind, limit in limits.items():
            before = resource.getrlimit(kind)
            undone.callback(resource.setrlimit, kind, before)
            resource.setrlimit(kind, (limit, before[1]))
        yield


def _wrong(error: DoppelscanError) -> Finding | None:
    """What is wrong with an error of ours: it hides that memory ran out, or says what a terminal would obey."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or "std::bad_alloc" in str(cause) or "OutOfMemory" in str(cause):
            return Finding("memory", _place(cause), _told(error))
        cause = cause.__cause__
    return None


def _place(error: BaseException) -> str:
    """The kind of an error, and where in our code it came up."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "doppelscan" in frame.filename] or frames
    return f"{type(error).__name__} in {Path(ours[-1].filename).name}, {ours[-1].name}, by {frames[-1].name}"


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]


def _to_write(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    return (isinstance(mode, str) and mode[:1] in "wax+") or bool(
        flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )


def _peak() -> int:
    """The most memory that this process ever held, in bytes."""
    status = Path(
        "/proc/self/status"
    ).read_text()  # getrusage counts what whoever began this process held, too
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _mapped() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
