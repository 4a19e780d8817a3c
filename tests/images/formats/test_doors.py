"""One contract for every format: what is known from the header is what reading gives; nothing else escapes."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import Entry, entries, read
from images.formats.made_files import dicom, png, tiff

RNG = np.random.default_rng(4)
GREY = RNG.integers(0, 256, (13, 9), dtype=np.uint8)


def _npz(path: Path) -> None:
    np.savez_compressed(path, train_images=np.stack([GREY, GREY]), train_labels=np.zeros((2, 1)))


WRITERS = {
    "grey.png": lambda path: PIL.Image.fromarray(GREY).save(path),
    "wide.png": lambda path: png(path, np.stack([GREY] * 3, axis=-1).astype(np.uint16)),
    "grey.jpg": lambda path: PIL.Image.fromarray(GREY).save(path),
    "grey.bmp": lambda path: PIL.Image.fromarray(GREY).save(path),
    "grey.tif": lambda path: tiff(path, GREY[..., None]),
    "wide.tiff": lambda path: tiff(path, GREY[..., None].astype(np.float32)),
    "slice.dcm": lambda path: dicom(path, GREY.astype(np.int16), PatientID="P1"),
    "no_suffix": lambda path: dicom(path, np.stack([GREY] * 3, axis=-1)),
    "volume.nii": lambda path: nibabel.save(nibabel.Nifti1Image(GREY[..., None], np.eye(4)), path),
    "volume.nii.gz": lambda path: nibabel.save(nibabel.Nifti1Image(GREY[..., None], np.eye(4)), path),
    "array.npy": lambda path: np.save(path, np.stack([GREY, GREY])),
    "array.npz": _npz,
}


@pytest.fixture(params=WRITERS)
def path(request, tmp_path) -> Path:
    file = tmp_path / request.param
    WRITERS[request.param](file)
    return file


def test_the_header_says_what_reading_gives(path):
    for entry in entries(path):
        image = read(entry)
        assert (image.stored.shape, image.stored.dtype.name) == (entry.shape, entry.dtype)
        assert image.stored.dtype.isnative
        assert image.stored.flags.c_contiguous
        assert image.stored.size == np.prod(entry.shape)


def test_reading_twice_gives_the_same(path):
    for entry in entries(path):
        np.testing.assert_array_equal(read(entry).stored, read(entry).stored)


def test_entries_are_plain_values(path):
    for entry in entries(path):
        assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
        assert pickle.loads(pickle.dumps(entry)) == entry  # they cross processes  # noqa: S301
        assert Path(entry.file).is_absolute()


def test_a_relative_path_and_an_odd_name_are_read(path, monkeypatch):
    odd = path.with_name(f"Ärzte  – {'x' * 200} #1 {path.name}" if path.suffix else "ohne Endung ä")
    path.rename(odd)
    monkeypatch.chdir(path.parent)
    assert entries(Path(odd.name))[0].file == str(odd)
    assert read(entries(Path(odd.name))[0]).stored.size > 0


def test_an_empty_file_is_refused(path):
    path.write_bytes(b"")
    with pytest.raises(UnreadableImage, match="empty"):
        entries(path)


def test_a_file_that_went_away_is_refused(path):
    found = entries(path)[0]
    path.unlink()
    for attempt in (lambda: entries(path), lambda: read(found)):
        with pytest.raises(UnreadableImage, match="does not exist"):
            attempt()


def test_a_folder_of_that_name_is_refused(path):
    path.unlink()
    path.mkdir()
    with pytest.raises(UnreadableImage, match="no file"):
        entries(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(path):
    path.chmod(0)
    with pytest.raises(UnreadableImage, match="permission denied"):
        entries(path)


def test_permission_denied_is_said_as_such(path, monkeypatch):
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(UnreadableImage, match="permission denied"):
        entries(path)


def test_half_a_file_is_refused(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableImage) as error:
        [read(entry) for entry in entries(path)]
    assert error.value.reason


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(data=st.data())
def test_damage_anywhere_is_read_or_refused_and_nothing_else(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = path.with_name(f"damaged {path.name}" if path.suffix else "damaged")
    damaged.write_bytes(
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    )
    with contextlib.suppress(UnreadableImage):
        for entry in entries(damaged):
            assert read(entry).stored.shape == entry.shape


@pytest.mark.parametrize(
    "name", ["images.csv", "README", "README.txt", "notes.json", "scan.nii.gz.md5", "1.2.840"]
)
def test_what_is_no_image_is_said_to_be_none(tmp_path, name):
    (tmp_path / name).write_text("not an image at all, but long enough to look for DICOM's mark in it" * 9)
    with pytest.raises(UnreadableImage, match="not an image"):
        entries(tmp_path / name)


def test_a_file_of_another_kind_than_its_name_is_refused(tmp_path):
    for name in WRITERS:
        if Path(name).suffix:
            (tmp_path / name).write_bytes(b"%PDF-1.7 is something else entirely" * 20)
            with pytest.raises(UnreadableImage):
                entries(tmp_path / name)


def test_a_file_that_changed_since_it_was_listed_is_refused(tmp_path):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.png")
    (entry,) = entries(tmp_path / "a.png")
    PIL.Image.fromarray(GREY[:4]).save(tmp_path / "a.png")
    with pytest.raises(UnreadableImage, match="its header says"):
        read(entry)
