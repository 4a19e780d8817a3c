"""Which child processes start before all else: none for few files, nor for a prepared set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from doppelscan.cli import readers
from doppelscan.settings import Resources


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str]]]:
    """What was asked of `processes_kept`."""
    asked: list[tuple[int, list[str]]] = []

    @contextlib.contextmanager
    def kept(workers: int = 0, knowing: Sequence[str] = ()) -> Iterator[None]:
        asked.append((workers, list(knowing)))
        yield

    monkeypatch.setattr(readers, "processes_kept", kept)
    return asked


def folder_of(path: Path, n: int, suffix: str) -> str:
    path.mkdir(parents=True)
    for i in range(n):
        (path / f"{i}{suffix}").touch()
    return str(path)


@pytest.mark.parametrize(("n", "suffix", "workers"), [(511, ".png", 0), (512, ".dcm", 3), (2048, ".PNG", 3)])
def test_many_files_start_readers_who_know_what_decodes_them(
    started: list[tuple[int, list[str]]], tmp_path: Path, n: int, suffix: str, workers: int
) -> None:
    source = folder_of(tmp_path / "a" / "b", n, suffix)
    with readers.readers_of([source, None, str(tmp_path / "nothing")], Resources(memory=1, workers=3)):
        pass
    (found,) = started
    assert found[0] == workers
    assert bool(found[1]) == bool(workers)


def test_a_prepared_set_is_not_decoded(started: list[tuple[int, list[str]]], tmp_path: Path) -> None:
    source = folder_of(tmp_path / "set", 600, ".png")
    (tmp_path / "set" / "imageset.json").touch()
    with readers.readers_of([source], Resources(memory=1, workers=3)):
        pass
    assert started == [(0, [])]
