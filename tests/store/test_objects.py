"""Places in an object store are named, read and published like folders; what does not answer is one clear error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from cohorts import films, pixels_of
from doppelscan.errors import InputError
from doppelscan.imagesets import open_images, save
from doppelscan.store import (
    at_hand,
    fingerprint_file,
    is_file,
    objects,
    read_bytes,
    shown,
    staged,
    write_text,
)

PLACE = Path("memory://bucket/place")


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A store in memory, empty."""
    monkeypatch.setitem(objects.SCHEMES, "memory", "fsspec")
    monkeypatch.setattr(objects, "_PAUSE", 0.0)
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_a_place_is_a_path_and_is_shown_as_it_was_written() -> None:
    assert shown(PLACE / "a.json") == "memory://bucket/place/a.json"
    assert shown("memory://bucket/place") == "memory://bucket/place"
    assert (shown("/data/s3/x"), shown("films")) == ("/data/s3/x", "films")


def test_what_is_there_is_read_and_brought_to_hand_with_its_name(store: Any) -> None:
    store.pipe_file("memory://bucket/place/a.png", b"content")
    assert is_file(PLACE / "a.png")
    assert not is_file(PLACE / "b.png")
    assert read_bytes(PLACE / "a.png") == b"content"
    with at_hand(PLACE / "a.png") as file:
        assert (file.name, file.read_bytes()) == ("a.png", b"content")
    assert not file.exists()
    with pytest.raises(FileNotFoundError):
        read_bytes(PLACE / "b.png")
    assert len(fingerprint_file(PLACE / "a.png")) == 64
    assert fingerprint_file(PLACE / "b.png") == ""


def test_requests_that_are_interrupted_are_made_again(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe_file("memory://bucket/place/a", b"content")
    asked: list[str] = []
    cat_file = type(store).cat_file

    def now_and_then(system: Any, path: str, *rest: Any, **named: Any) -> Any:
        asked.append(path)
        if len(asked) < 3:
            raise ConnectionResetError(104, "Connection reset by peer")
        return cat_file(system, path, *rest, **named)

    monkeypatch.setattr(type(store), "cat_file", now_and_then)
    assert read_bytes(PLACE / "a") == b"content"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("error", "tries"), [(TimeoutError("token=hush"), 6), (PermissionError(13, "Access Denied"), 1)]
)
def test_a_store_that_does_not_answer_is_one_clear_error_without_secrets(
    monkeypatch: pytest.MonkeyPatch, store: Any, error: Exception, tries: int
) -> None:
    asked: list[str] = []

    def never(_system: Any, path: str, *_rest: Any, **_named: Any) -> Any:
        asked.append(path)
        raise error

    monkeypatch.setattr(type(store), "cat_file", never)
    with pytest.raises(
        InputError, match=r"^memory://bucket/place/a: the object store does not answer"
    ) as told:
        read_bytes(PLACE / "a")
    assert "hush" not in str(told.value)
    assert len(asked) == tries


def test_credentials_in_the_name_of_a_place_are_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="do not belong") as told:
        read_bytes(Path("memory://key:hush@bucket/a"))
    assert "hush" not in str(told.value)


def test_what_is_staged_is_published_with_its_manifest_last(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    pipe_file = type(store).pipe_file

    def noted(system: Any, path: str, *rest: Any, **named: Any) -> Any:
        order.append(path.rpartition("/")[2])
        return pipe_file(system, path, *rest, **named)

    monkeypatch.setattr(type(store), "pipe_file", noted)
    with staged(PLACE, last=("all.json",)) as folder:
        write_text(folder / "all.json", "{}")
        write_text(folder / "z" / "part", "part")
    assert order == [".doppelscan-publishing", "part", "all.json"]
    assert objects.names_under(PLACE) == ["all.json", "z/part"]
    assert not folder.exists()


def test_what_was_cut_off_is_published_by_the_next_call(store: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        _cut_off()
    assert objects.names_under(PLACE) == []
    store.pipe_file("memory://bucket/place/.doppelscan-publishing", b"")
    store.pipe_file("memory://bucket/place/litter", b"")
    with staged(PLACE, last=("all.json",)) as folder:
        assert (folder / "part").read_text() == "half", "it goes on where it stood"
        write_text(folder / "all.json", "{}")
    assert objects.names_under(PLACE) == ["all.json", "part"]


def _cut_off() -> None:
    with staged(PLACE, last=("all.json",)) as folder:
        write_text(folder / "part", "half")
        raise KeyboardInterrupt


def test_a_place_that_is_used_is_refused_but_an_earlier_run_may_be_replaced(store: Any) -> None:
    store.pipe_file("memory://bucket/place/thesis.docx", b"")
    with (
        pytest.raises(InputError, match="holds something else"),
        staged(PLACE, last=("all.json",), again=True),
    ):
        pass
    store.rm_file("memory://bucket/place/thesis.docx")
    store.pipe_file("memory://bucket/place/all.json", b"old")
    store.pipe_file("memory://bucket/place/of-the-old", b"old")
    with pytest.raises(InputError, match="holds something else"), staged(PLACE, last=("all.json",)):
        pass
    with staged(PLACE, last=("all.json",), again=True) as folder:
        write_text(folder / "all.json", "new")
    assert objects.names_under(PLACE) == ["all.json"]
    assert read_bytes(PLACE / "all.json") == b"new"


def test_what_is_written_bit_by_bit_is_refused_there() -> None:
    with pytest.raises(InputError, match="is in an object store"):
        write_text(PLACE / "model.json", "{}")


def _put(folder: Path, place: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        objects.put(file, place / file.relative_to(folder))


def test_a_prepared_set_is_read_in_place(tmp_path: Path) -> None:
    here = save(films(5), tmp_path / "set")
    _put(tmp_path / "set", PLACE)
    there = open_images("memory://bucket/place")
    assert (there.name, there.fingerprint) == ("memory://bucket/place", here.fingerprint)
    assert (pixels_of(there) == pixels_of(here)).all()
    assert there.table.equals(here.table)


def test_a_folder_of_images_is_read_like_one_here(tmp_path: Path) -> None:
    from PIL import Image

    for number, image in enumerate(films(4)):
        label = tmp_path / "films" / ("ill" if number % 2 else "well")
        label.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.stored[0]).save(label / f"{number}.png")
    (tmp_path / "films" / "notes.txt").write_text("no image")
    save(films(2), tmp_path / "films" / "prepared")
    _put(tmp_path / "films", PLACE)
    here, there = open_images(tmp_path / "films"), open_images(str(PLACE))
    assert there.fingerprint == here.fingerprint
    assert there.table.drop(columns="file").equals(here.table.drop(columns="file"))
    assert (pixels_of(there) == pixels_of(here)).all()
    reasons = [{one.where.rstrip("/"): one.reason for one in images.unreadable} for images in (here, there)]
    assert reasons[0] == reasons[1]
    assert set(reasons[0]) == {"notes.txt", "prepared"}


def test_a_table_names_objects_beside_it(tmp_path: Path, store: Any) -> None:
    from PIL import Image

    Image.fromarray(films(1)[0].stored[0]).save(tmp_path / "a.png")
    objects.put(tmp_path / "a.png", PLACE / "a.png")
    store.pipe_file("memory://bucket/place/films.csv", b"file,patient\na.png,anna\nb.png,bert\n")
    images = open_images("memory://bucket/place/films.csv")
    assert images.table[["id", "patient"]].to_numpy().tolist() == [["a.png", "anna"]]
    assert json.dumps([one.reason for one in images.unreadable]) == '["named in films.csv but not there"]'


def test_where_there_is_nothing_that_is_said() -> None:
    with pytest.raises(InputError, match="memory://bucket/place: holds no image"):
        open_images(PLACE)
