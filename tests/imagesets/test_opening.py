"""What a path holds becomes a set: folders, tables, arrays; what cannot be read is listed."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.imagesets.together import on_both_sides
from images.formats.made_files import dicom
from realdata import real_data


def write_png(path: Path, value: int = 100, shape: tuple[int, ...] = (6, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(int(np.prod(shape)), dtype=np.uint8).reshape(shape) + np.uint8(value)
    Pillow.fromarray(pixels).save(path)
    return path


def test_sub_folders_are_labels_and_ids_are_relative_paths(tmp_path: Path) -> None:
    write_png(tmp_path / "sick" / "b.png")
    write_png(tmp_path / "well" / "a.png")
    images = open_images(tmp_path)
    assert images.table["id"].tolist() == ["sick/b.png", "well/a.png"]
    assert images.table["label"].tolist() == ["sick", "well"]
    assert images.shape == (1, 6, 8)
    assert images[1].pixels[0, 0, 0] == 100


def test_a_table_in_the_folder_gives_patients_labels_and_other_columns(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png")
    write_png(tmp_path / "b.png")
    (tmp_path / "images.csv").write_text("file,patient,label,sex\na.png,007,sick,f\nb.png,,,\n")
    images = open_images(tmp_path)
    assert images.table["patient"].tolist() == ["007", None]
    assert images.table["sex"].tolist() == ["f", None]
    assert not images.patients_known
    assert images.patients.tolist() == [0, 1]


def test_what_a_table_does_not_name_and_names_without_a_file_are_listed(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png")
    write_png(tmp_path / "extra.png")
    (tmp_path / "images.csv").write_text("file\na.png\nlost.png\n")
    images = open_images(tmp_path)
    assert [(bad.where, bad.reason) for bad in images.unreadable] == [
        ("lost.png", "named in images.csv but not there"),
        ("extra.png", "not named in images.csv"),
    ]


def test_a_table_anywhere_names_files_relative_to_itself_or_absolute(tmp_path: Path) -> None:
    far = write_png(tmp_path / "far" / "a.png")
    write_png(tmp_path / "lists" / "near.png")
    pd.DataFrame({"path": [str(far), "near.png"], "patient": [1, 2]}).to_parquet(
        tmp_path / "lists" / "mine.parquet"
    )
    images = open_images(tmp_path / "lists" / "mine.parquet")
    assert images.table["id"].tolist() == [far.as_posix(), "near.png"]
    assert images.table["patient"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\na.png\n", "no column 'file'"),
        ("file\na.png\na.png\n", "more than once"),
        ("file,patient\n,1\n", "name no file"),
        ("", "no readable table"),
        ('file\n"a.png\n', "no readable table"),
    ],
)
def test_a_wrong_table_is_one_clear_error(tmp_path: Path, content: str, message: str) -> None:
    write_png(tmp_path / "a.png")
    (tmp_path / "images.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        open_images(tmp_path)


def test_two_tables_in_a_folder_are_refused(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png")
    (tmp_path / "images.csv").write_text("file\na.png\n")
    pd.DataFrame({"file": ["a.png"]}).to_parquet(tmp_path / "images.parquet")
    with pytest.raises(InputError, match="holds both"):
        open_images(tmp_path)


def test_a_pattern_finds_patients_in_ids(tmp_path: Path) -> None:
    for name in ("person1_a.png", "person1_b.png", "person2_a.png", "odd.png"):
        write_png(tmp_path / name)
    images = open_images(tmp_path, patient_pattern=r"(person\d+)_")
    assert images.table["patient"].tolist() == [None, "person1", "person1", "person2"]


def test_of_each_rare_shape_an_image_is_named(tmp_path: Path) -> None:
    for name in ("b", "c", "d"):
        write_png(tmp_path / f"{name}.png")
    for name in ("x", "y"):
        write_png(tmp_path / f"{name}.png", shape=(9, 4))
    write_png(tmp_path / "a.png", shape=(7, 7))
    with pytest.raises(InputError) as refused:
        _ = open_images(tmp_path).shape
    assert "images of 3 shapes: 1x6x8 (3), 1x9x4 (2, such as x.png), 1x7x7 (1: a.png)" in str(refused.value)


def test_it_is_known_what_named_the_patients_and_a_saved_set_keeps_it(tmp_path: Path) -> None:
    films = tmp_path / "films"
    write_png(films / "p1_a.png")
    write_png(films / "p2_a.png")
    assert open_images(films).patients_from == ()
    assert open_images(films, patient_pattern=r"(p\d)_").patients_from == ("--patient-pattern",)
    dicom(films / "c.dcm", np.zeros((6, 8), np.uint8), PatientID="anna")
    assert open_images(films).patients_from == ("DICOM Patient ID",)
    (films / "images.csv").write_text("file,patient\np1_a.png,1\np2_a.png,\nc.dcm,\n")
    images = open_images(films)
    assert set(images.patients_from) == {"the table's column patient", "DICOM Patient ID"}
    save(images, tmp_path / "set")
    assert open_images(tmp_path / "set").patients_from == images.patients_from
    (films / "images.csv").write_text("file,patient\np1_a.png,1\np2_a.png,2\nc.dcm,3\n")
    assert open_images(films).patients_from == ("the table's column patient",)


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "no regular"), (r"\d", "no group"), ("(xyz)", "matches no id")]
)
def test_a_useless_pattern_is_refused(tmp_path: Path, pattern: str, message: str) -> None:
    write_png(tmp_path / "a.png")
    with pytest.raises(InputError, match=message):
        open_images(tmp_path, patient_pattern=pattern)


def test_an_empty_folder_and_a_missing_path_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no image"):
        open_images(tmp_path)
    with pytest.raises(InputError, match="nothing here"):
        open_images(tmp_path / "none")


def test_unreadable_files_are_listed_each_with_its_reason(tmp_path: Path) -> None:
    write_png(tmp_path / "good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:30])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello")
    images = open_images(tmp_path)
    assert len(images) == 1
    assert {bad.where for bad in images.unreadable} == {"cut.png", "empty.png", "notes.txt"}
    assert all(bad.reason for bad in images.unreadable)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_listed(tmp_path: Path) -> None:
    write_png(tmp_path / "good.png")
    write_png(tmp_path / "secret.png").chmod(0)
    assert [bad.where for bad in open_images(tmp_path).unreadable] == ["secret.png"]


def test_unicode_and_long_names_are_kept(tmp_path: Path) -> None:
    names = sorted(["Ünïcode 患者 🩻.png", "x" * 240 + ".png"])
    for name in names:
        write_png(tmp_path / name)
    assert open_images(tmp_path).table["id"].tolist() == names


def test_the_second_opening_reads_no_header_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_png(tmp_path / "a.png")
    first = open_images(tmp_path)
    monkeypatch.setattr("doppelscan.imagesets.headers.entries", None)
    again = open_images(tmp_path)
    assert again.fingerprint == first.fingerprint
    write_png(tmp_path / "a.png", value=50)  # new content under the same name is read again
    with pytest.raises(TypeError):
        open_images(tmp_path)


def test_a_folder_is_opened_again_through_a_link(tmp_path: Path) -> None:
    write_png(tmp_path / "films" / "a.png")
    (tmp_path / "again").symlink_to(tmp_path / "films")
    assert open_images(tmp_path / "films").table.equals(open_images(tmp_path / "again").table)


def test_an_array_of_a_medmnist_file_is_a_set(tmp_path: Path) -> None:
    pixels = np.arange(3 * 28 * 28, dtype=np.uint16).reshape(3, 28, 28).astype(np.uint8)
    np.savez(
        tmp_path / "s.npz", train_images=pixels, train_labels=np.array([[0], [1], [1]]), val_images=pixels[:1]
    )
    images = open_images(f"{tmp_path / 's.npz'}:train")
    assert images.table["id"].tolist() == ["s.npz#0", "s.npz#1", "s.npz#2"]
    assert images.table["label"].tolist() == ["0", "1", "1"]
    assert np.array_equal(images.read(0, 3)[:, 0], pixels)
    with pytest.raises(InputError, match="train"):
        open_images(tmp_path / "s.npz")


def test_shapes_that_differ_name_the_cure(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png")
    write_png(tmp_path / "b.png", shape=(5, 5, 3))
    with pytest.raises(InputError, match=r"2 shapes.*--size 128 --channels grey"):
        _ = open_images(tmp_path).shape


def test_asking_for_images_by_id() -> None:
    images = ImageSet.from_arrays(np.zeros((3, 1, 2, 2), np.uint8), pd.DataFrame({"id": ["a", "b", "c"]}))
    assert images.positions(["c", "a"]).tolist() == [2, 0]
    with pytest.raises(InputError, match="'x', 'y'"):
        images.positions(["x", "a", "y"])
    assert images.take([2, 0]).table["id"].tolist() == ["c", "a"]
    with pytest.raises(IndexError):
        images[3]


def test_every_file_of_the_robustness_folder_is_read_or_listed() -> None:
    folder = real_data("dicom_robustness")
    images = open_images(folder)
    n_files = sum(path.is_file() for path in folder.rglob("*"))
    entries = images.pixels.entries  # type: ignore[attr-defined]
    read = {file for entry in entries for file in (entry.slices or (entry.file,))}
    listed = {bad.where for bad in images.unreadable}
    assert len(read) + len(listed) == n_files
    assert all(bad.reason for bad in images.unreadable)


def test_chest_films_have_their_patients() -> None:
    images = open_images(real_data("chest_xray"))
    assert (len(images), images.patients.max() + 1, images.patients_known) == (3099, 1687, True)


def test_an_empty_group_of_a_pattern_names_nobody(tmp_path: Path) -> None:
    for name in ("p1_a.png", "p_b.png", "p_c.png"):
        write_png(tmp_path / name)
    images = open_images(tmp_path, patient_pattern=r"p(\d*)_")
    assert images.table["patient"].tolist() == ["1", None, None]
    assert len(set(images.patients)) == 3


@pytest.mark.parametrize("patients", [[7, 8, 8], [7.0, 8.0, 8.0], np.array([7, 8, 8], dtype=np.int16)])
def test_patients_are_text_whatever_they_are_given_as(patients: object) -> None:
    """A number on one side and the same as text on the other would be two patients."""
    table = pd.DataFrame({"patient": patients, "score": [1, 2, 3]})
    images = ImageSet.from_arrays(np.zeros((3, 1, 2, 2), np.uint8), table)
    assert images.table["patient"].tolist() == ["7", "8", "8"]
    assert images.table["score"].tolist() == [1, 2, 3]
    held = ImageSet.from_arrays(np.ones((1, 1, 2, 2), np.uint8), pd.DataFrame({"patient": ["8"]}))
    (problem,) = on_both_sides(images, held)
    assert "held out: 8" in problem.what


def test_an_unknown_patient_among_numbers_stays_unknown() -> None:
    table = pd.DataFrame({"patient": [7, None, 8]})
    images = ImageSet.from_arrays(np.zeros((3, 1, 2, 2), np.uint8), table)
    assert images.table["patient"].tolist() == ["7", None, "8"]


def test_columns_of_dates_and_of_other_things_become_text_with_which_a_set_has_a_fingerprint(
    tmp_path: Path,
) -> None:
    table = pd.DataFrame(
        {
            "taken": pd.to_datetime(["2024-01-02", None]),
            "born": [datetime.date(1950, 1, 2), None],
            "side": pd.Categorical(["left", None]),
            "mixed": pd.Series([np.int64(3), "three"], dtype=object),
            "age": [74.5, np.nan],
            "smoker": [True, False],
            7: ["a", "b"],
        }
    )
    images = ImageSet.from_arrays(np.zeros((2, 1, 2, 2), np.uint8), table)
    assert list(images.table["taken"]) == ["2024-01-02 00:00:00", None]
    assert list(images.table["born"]) == ["1950-01-02", None]
    assert list(images.table["side"]) == ["left", None]
    assert list(images.table["mixed"]) == ["3", "three"]
    assert images.table["age"].dtype == np.float64
    assert images.table["smoker"].dtype == bool
    assert list(images.table["7"]) == ["a", "b"]
    assert len(images.fingerprint) == 64
    assert list(save(images, tmp_path / "set").table["taken"]) == ["2024-01-02 00:00:00", None]


def test_the_last_images_are_taken_from_the_end() -> None:
    images = ImageSet.from_arrays(np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1))
    assert images.take([-1]).read(0, 1).ravel().tolist() == [3]
    assert images.take([-1, 0]).read(0, 2).ravel().tolist() == [3, 0]
