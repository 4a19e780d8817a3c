"""Who runs the user's script again? Any child that is spawned would, and begin its work anew; here, who needs it.

What children are given is nearly always doppelscan's own. Where it is a class or function of the script itself, the
script is read then, under the name `__mp_main__`, as by `multiprocessing`.
"""

from __future__ import annotations

import contextlib
import runpy
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from doppelscan.errors import DoppelscanError

__all__ = ["Script", "refuse_within", "script_hidden"]

_LOCK = threading.RLock()


@dataclass(frozen=True)
class Script:
    """What this process was started with: `python PATH`, `python -m NAME`, or neither, as a notebook is."""

    path: str | None
    name: str | None

    @staticmethod
    def here() -> Script:
        """That of this process."""
        main = sys.modules["__main__"]
        with _LOCK:
            path, spec = getattr(main, "__file__", None), getattr(main, "__spec__", None)
        return Script(path and str(Path(path).absolute()), spec.name if spec else None)

    def at_need(self) -> None:
        """In a child: read the script as soon as something of it is asked for."""
        main: Any = sys.modules["__main__"]
        main.__getattr__ = self._found

    def _found(self, name: str) -> Any:
        if (self.path is None and self.name is None) or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._read(), name)

    def _read(self) -> ModuleType:
        module = ModuleType("__mp_main__")
        _READING.append(self)
        try:
            held = (
                runpy.run_module(self.name, run_name="__mp_main__", alter_sys=True)
                if self.name
                else runpy.run_path(str(self.path), run_name="__mp_main__")
            )
        finally:
            _READING.clear()
        module.__dict__.update(held)
        sys.modules["__main__"] = sys.modules["__mp_main__"] = module
        return module


_READING: list[Script] = []


@contextlib.contextmanager
def script_hidden() -> Iterator[None]:
    """Inside, processes that are spawned do not run the script of this one."""
    main = sys.modules["__main__"]
    with _LOCK:
        known = {name: held for name, held in vars(main).items() if name in {"__file__", "__spec__"}}
        main.__dict__.pop("__file__", None)
        main.__spec__ = None
        try:
            yield
        finally:
            main.__dict__.update(known)


def refuse_within() -> None:
    """Refuse to start children while a script is read only for what it defines: they would start children, too."""
    if _READING:
        raise DoppelscanError(
            f"{_READING[0].path or _READING[0].name} defines what a worker process needs, and begins its work "
            "when it is read: put the work under if __name__ == '__main__'"
        )
