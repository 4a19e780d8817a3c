"""How is a frame decoded by a library that may crash, or never end, on a damaged one? In a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage

__all__ = ["decoded_apart", "serve"]

_SECONDS = 5.0
_START = 120.0  # seconds to be ready on a busy machine: no frame's fault
_PIXELS_A_SECOND = 2e6  # that the slowest decoder manages, and more


def decoded_apart(path: Path, frame: int | None, n_pixels: int) -> NDArray[Any]:
    """One frame of a DICOM file, or all, of `n_pixels` together, as `dicom_pixels.decoded` gives them.

    The process is kept for the next frame, and made anew where it crashed or had to be ended.

    Raises
    ------
    UnreadableImage
        With the reason, that the decoder crashed or does not end among others.
    """
    with _LOCK:
        decoder = _decoder(os.getpid())
        try:
            return decoder.decoded(path, frame, _SECONDS + n_pixels / _PIXELS_A_SECOND)
        except EOFError as error:
            _decoder.cache_clear()
            raise UnreadableImage(f"damaged: {decoder.ended()}") from error


def serve() -> None:
    """Decode what is asked for on stdin, and answer on stdout, until there is no more."""
    from doppelscan.images.formats.dicom_pixels import decoded

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries say is no answer
    _answer(answers, {"ready": True})
    for line in sys.stdin.buffer:
        path, frame = json.loads(line)
        try:
            found = np.ascontiguousarray(decoded(Path(path), frame))
        except UnreadableImage as error:
            _answer(answers, {"unreadable": error.reason})
        except Exception as error:  # noqa: BLE001 - it is told of on the other side
            _answer(answers, {"failed": str(error) or type(error).__name__})
        else:
            _answer(answers, {"shape": found.shape, "dtype": found.dtype.str}, found)


class _Decoder:
    """The process, for as long as it lives."""

    def __init__(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen(  # noqa: S603 - this program
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._late, self._ready = False, False
        atexit.register(self.ended)

    def decoded(self, path: Path, frame: int | None, seconds: float) -> NDArray[Any]:
        """The answer to one question; EOFError where the process ended over it."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        if not self._ready:
            with self._ended_after(_START):
                self._ready = bool(answers.readline())
        with self._ended_after(seconds):
            try:
                asked.write(json.dumps([str(path), frame]).encode() + b"\n")
                asked.flush()
            except BrokenPipeError as error:
                raise EOFError from error
            return _answered(answers)

    def ended(self) -> str:
        """End it; why it ended."""
        atexit.unregister(self.ended)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._process.kill()
        self._process.wait()
        return "its decoder does not end" if self._late else "its decoder crashes"

    @contextlib.contextmanager
    def _ended_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _end(self) -> None:
        self._late = True
        self._process.kill()


_LOCK = threading.Lock()


@cache
def _decoder(_process: int) -> _Decoder:
    """The decoder of this process: a fork must not use its parent's."""
    return _Decoder()


def _answer(answers: BinaryIO, about: dict[str, Any], found: NDArray[Any] | None = None) -> None:
    answers.write(json.dumps(about).encode() + b"\n")
    if found is not None:
        answers.write(found.data)
    answers.flush()


def _answered(answers: Any) -> NDArray[Any]:
    line = answers.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    about = json.loads(line)
    if "unreadable" in about:
        raise UnreadableImage(about["unreadable"])
    if "failed" in about:
        raise ValueError(about["failed"])
    found = np.empty(about["shape"], np.dtype(about["dtype"]))
    if found.size and answers.readinto(found.reshape(-1).view(np.uint8)) < found.nbytes:
        raise EOFError
    return found
