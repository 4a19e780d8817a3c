"""How does a folder get to an object store? Made here, then published; what says that all is there comes last."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.store.atomic import write_text
from doppelscan.store.cache import Cache
from doppelscan.store.locks import locked
from doppelscan.store.objects import is_object, names_under, put, remove, shown

__all__ = ["staged"]

_MARK = ".doppelscan-publishing"  # lies there from the first object to the last


@contextlib.contextmanager
def staged(out: Path, *, last: Collection[str], again: bool = False) -> Iterator[Path]:
    """A folder to write to: `out` itself or, for a place in an object store, one whose content is published there.

    No other process of this machine writes there meanwhile.

    It is published when the block ends well; until then it stays in the cache, so that a call that was cut off goes
    on. Objects named in `last` are put last and, where there are some of an earlier run, removed first: a reader who
    finds one finds all.

    Raises
    ------
    InputError
        If the place holds something else; an earlier run, too, unless it may be written `again`.
    """
    if not is_object(out):
        with locked(out):
            yield out
        return
    _refuse_used(out, last, again=again)
    folder = Cache.default().path("outgoing", {"place": shown(out)})
    with locked(folder):
        yield folder
        _publish(folder, out, last)
        shutil.rmtree(folder)


def _refuse_used(out: Path, last: Collection[str], *, again: bool) -> None:
    names = names_under(out)
    whole = any(Path(name).name in last for name in names)
    if not names or _MARK in names or (whole and again):
        return
    raise InputError(Problem("exists and holds something else", where=shown(out), cure="name another place"))


def _publish(folder: Path, out: Path, last: Collection[str]) -> None:
    """Put everything, what is `last` after all else; what an earlier run left goes."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    stale = names_under(out)
    mark = folder.with_name(f"{folder.name}.mark")
    write_text(mark, "a set or a run is being published here, or was cut off\n")
    put(mark, out / _MARK)
    remove([out / name for name in stale if Path(name).name in last])
    for name in sorted(names, key=lambda name: Path(name).name in last):
        put(folder / name, out / name)
    remove([out / name for name in {*stale, _MARK} - set(names) if Path(name).name not in last])
    mark.unlink()
