"""Limits hold as the environment says, reach other processes, and their errors say how to move them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from doppelscan import limits
from doppelscan.errors import InputError, UnreadableImage
from doppelscan.images.formats import entries, read
from doppelscan.imagesets import open_images
from doppelscan.limits import LIMITS, PIXELS, moved
from doppelscan.store import read_parquet
from images.formats.made_files import dicom, dicom_dataset, sequence

FILM = np.arange(600, dtype=np.uint8).reshape(20, 30)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_what_the_environment_says(limit: limits.Limit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit.value == limit.default
    assert moved() == {}
    monkeypatch.setenv(limit.variable, " 77 ")
    assert limit.value == 77
    assert moved() == {limit.variable: "77"}
    assert f"the limit is 77 {limit.what}; {limit.variable} moves it" == str(limit)


def test_limits_move_here_as_they_did_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.CHANNELS.variable, "3")
    monkeypatch.setenv(PIXELS.variable, "5")
    told = {limits.FOLLOW: "1", PIXELS.variable: "77"}
    limits.moved_here(told)
    assert moved() == told
    limits.moved_here({})
    assert moved() == {}


def test_what_was_read_with_links_followed_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, told in (("1", {limits.FOLLOW: "1"}), ("0", {}), ("yes", {})):
        monkeypatch.setenv(limits.FOLLOW, said)
        assert moved() == told


@pytest.mark.parametrize("said", ["0", "-1", "1e9", "many", "9" * 30, "1_000", "²"])
def test_what_is_no_limit_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIXELS.variable, said)
    with pytest.raises(InputError, match="a whole number above 0"):
        _ = PIXELS.value


def test_a_wrong_limit_is_told_of_once_and_is_no_reason_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PIL.Image.fromarray(FILM).save(tmp_path / "a.png")
    monkeypatch.setenv(PIXELS.variable, "many")
    with pytest.raises(InputError, match=PIXELS.variable):
        open_images(tmp_path)


def _png(path: Path) -> None:
    PIL.Image.fromarray(FILM).save(path)


def _volume(path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((10, 10, 10), np.int16), np.eye(4)), path)


def _channels(path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 9), np.int16), np.eye(4)), path)


def _nested(path: Path) -> None:
    item = sequence(PatientID="within")
    for _ in range(12):
        item = sequence(OtherPatientIDsSequence=item)
    dicom(path, FILM, OtherPatientIDsSequence=item)
    content = path.read_bytes()
    path.write_bytes(_of_undefined_length(content))


def _of_undefined_length(content: bytes) -> bytes:
    """The file written anew with sequences whose ends are marked: these are taken apart at once."""
    from pydicom import dcmread, dcmwrite
    from pydicom.dataset import Dataset

    dataset, within = dcmread(io.BytesIO(content)), []
    level: Dataset = dataset
    while "OtherPatientIDsSequence" in level:
        level["OtherPatientIDsSequence"].is_undefined_length = True
        level = level.OtherPatientIDsSequence[0]
        level.is_undefined_length_sequence_item = True
        within.append(level)
    stream = io.BytesIO()
    dcmwrite(stream, dataset)
    assert len(within) == 13
    return stream.getvalue()


def _deflated(path: Path) -> None:
    dataset = dicom_dataset(np.zeros((400, 400), np.uint8))
    dataset.PixelData, dataset.file_meta.TransferSyntaxUID = bytes(160_000), DeflatedExplicitVRLittleEndian
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)
    assert path.stat().st_size < 2_000


HELD: dict[str, tuple[str, Callable[[Path], object], int]] = {
    "pixels": ("a.png", _png, 600),
    "voxels": ("a.nii", _volume, 1000),
    "channels": ("a.nii", _channels, 9),
    "images": ("a.npy", lambda path: np.save(path, np.zeros((7, 5, 5))), 7),
    "bytes of an archive": (
        "a.npz",
        lambda path: np.savez_compressed(path, a=np.zeros((7, 9, 9))),
        7 * 81 * 8 + 128,
    ),
    "bytes of a packed volume": ("a.nii.gz", _volume, 2352),
    "bytes of a deflated film": ("a.dcm", _deflated, 161_000),
    "nesting": ("a.dcm", _nested, 14),
}


@pytest.mark.parametrize("name", HELD)
def test_each_format_holds_to_its_limits_and_says_how_to_move_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write, enough = HELD[name]
    path, again = tmp_path / file, tmp_path / f"again-{file}"
    write(path)
    write(again)
    variable = f"DOPPELSCAN_MAX_{name.partition(' ')[0].upper()}"
    monkeypatch.setenv(variable, str(enough))
    [read(entry) for entry in entries(path)]
    monkeypatch.setenv(variable, str(enough // 2))
    with pytest.raises(UnreadableImage, match=f"{variable} moves it"):
        [read(entry) for entry in entries(again)]


def test_what_was_refused_is_read_once_the_limit_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        _png(tmp_path / name)
    PIL.Image.fromarray(FILM[:5]).save(tmp_path / "small.png")
    monkeypatch.setenv(PIXELS.variable, "200")
    assert len(open_images(tmp_path)) == 1
    monkeypatch.delenv(PIXELS.variable)
    assert len(open_images(tmp_path)) == 3


def test_limits_reach_processes_that_are_started() -> None:
    code = "from doppelscan.limits import PIXELS; print(PIXELS.value)"
    environment = os.environ | {PIXELS.variable: "123", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "123\n"


@pytest.mark.parametrize("column", [pa.array(["x" * 10_000] * 10_000), pa.array(np.zeros(10**6))])
def test_a_small_table_that_unpacks_to_a_large_one_is_refused(
    column: pa.Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"a": column}), path, compression="zstd")
    assert path.stat().st_size < 40_000
    assert len(read_parquet(path)) == len(column)
    monkeypatch.setenv("DOPPELSCAN_MAX_BYTES", "1000000")
    with pytest.raises(ValueError, match="DOPPELSCAN_MAX_BYTES moves it"):
        read_parquet(path)


LISTS = {
    "numbers": lambda n: pa.array([[0.0] * n]),
    "numbers in lists of lists": lambda n: pa.array([[[0.0] * (n // 10)] * 10]),
    "text": lambda n: pa.array([["x" * 1000] * (n // 1000)]),
    "numbers of a structure": lambda n: pa.array([{"a": {"b": [1] * n}}]),
    "text of a map": lambda n: pa.array(
        [[("a", ["x" * 1000] * (n // 1000))]], pa.map_(pa.string(), pa.list_(pa.string()))
    ),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_row_whose_list_unpacks_to_more_than_the_limit_is_refused(
    kind: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(
        pa.table({"a": LISTS[kind](1_000_000)}), path, compression="zstd", data_page_version=version
    )
    assert path.stat().st_size < 20_000
    assert len(read_parquet(path)) == len(read_parquet(io.BytesIO(path.read_bytes()))) == 1
    monkeypatch.setenv("DOPPELSCAN_MAX_BYTES", "900000")
    monkeypatch.setattr(pq.ParquetFile, "read", _never if "number" in kind else pq.ParquetFile.read)
    with pytest.raises(ValueError, match="DOPPELSCAN_MAX_BYTES moves it"):
        read_parquet(path)


def _never(_file: pq.ParquetFile) -> None:
    pytest.fail("was unpacked")


def test_a_volume_that_its_file_cannot_hold_is_refused_before_room_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.float64)
    header.set_data_shape((1000, 1000, 1000))
    path.write_bytes(zlib.compress(header.binaryblock + bytes(400), wbits=31))
    with pytest.raises(UnreadableImage, match="truncated"):
        read(entries(path)[0])


def test_a_film_that_is_scanned_again_and_again_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    PIL.Image.new("L", (1100, 1000)).save(path, progressive=True)
    content = path.read_bytes()
    scan = content[content.rindex(b"\xff\xda") : -2]
    path.write_bytes(content[:-2] + 200 * scan + content[-2:])
    with pytest.raises(UnreadableImage, match="goes over its pixels"):
        entries(path)
