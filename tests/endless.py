"""A folder that invents names for ever, as a file system of a stranger may."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from types import SimpleNamespace


@contextlib.contextmanager
def endless(folder: str | os.PathLike[str]) -> Iterator[Iterator[SimpleNamespace]]:
    """What `os.scandir` gives of it."""
    yield (_entry(os.path.join(folder, f"{number}.png")) for number in itertools.count())  # noqa: PTH118


def _entry(path: str) -> SimpleNamespace:
    no = {"is_dir": lambda **_: False, "is_symlink": lambda: False, "is_file": lambda: True}
    return SimpleNamespace(name=os.path.basename(path), path=path, **no)  # noqa: PTH119
