"""Arrays of images in .npy and .npz files, written here and read back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import arrays, entries, read
from realdata import real_data

RNG = np.random.default_rng(3)


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize(
    ("shape", "n_images", "image"),
    [
        ((6, 8, 9), 6, (1, 8, 9)),
        ((6, 8, 9, 1), 6, (1, 8, 9)),
        ((6, 8, 9, 3), 6, (3, 8, 9)),
        ((6, 8, 9, 4), 6, (4, 8, 9)),
        ((6, 8, 9, 7), 6, (1, 8, 9, 7)),
        ((6, 8, 9, 7, 2), 6, (2, 8, 9, 7)),
        ((8, 9), 1, (1, 8, 9)),
        ((20, 30, 3), 1, (3, 20, 30)),
        ((5, 4, 4), 5, (1, 4, 4)),
        ((5, 1, 1), 5, (1, 1, 1)),
        ((1, 8, 9), 1, (1, 8, 9)),
    ],
)
def test_each_element_is_an_image(tmp_path, shape, n_images, image):
    array = RNG.integers(0, 256, shape, dtype=np.uint8)
    found = entries(saved(tmp_path / "a.npy", array))
    assert [entry.shape for entry in found] == [image] * n_images
    assert [entry.frame for entry in found] == (list(range(n_images)) if n_images > 1 else [None])
    by_image = array.reshape(n_images, *image[1:], image[0])
    for k, entry in enumerate(found):
        np.testing.assert_array_equal(read(entry).stored, np.moveaxis(by_image[k], -1, 0))


def test_one_element_is_read_without_the_others(tmp_path):
    path = tmp_path / "a.npy"
    array = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.uint8, shape=(4000, 1024, 1024)
    )  # 4 GB, sparse
    array[3999, 5, 6] = 7
    del array
    assert read(entries(path)[3999]).stored[0, 5, 6] == 7


def test_what_was_read_can_be_written_to(tmp_path):
    path = saved(tmp_path / "a.npy", np.ones((2, 3, 4)))
    stored = read(entries(path)[1]).stored
    stored[:] = 5
    assert (stored == 5).all()
    assert (np.load(path) == 1).all()


def test_big_endian_numbers_become_the_machines_own(tmp_path):
    array = RNG.integers(0, 60000, (2, 3, 4)).astype(">u2")
    image = read(entries(saved(tmp_path / "a.npy", array))[1])
    assert image.stored.dtype.isnative
    np.testing.assert_array_equal(image.stored[0], array[1])


def test_objects_are_refused_and_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "b.npz", images=np.array([[[{}]]], object))
    for name in ("a.npy", "b.npz"):
        with pytest.raises(UnreadableImage):
            entries(tmp_path / name)


@pytest.mark.parametrize("array", [np.zeros(5), np.zeros((0, 4, 4)), np.zeros((3, 0, 4)), np.array(["a"])])
def test_arrays_that_hold_no_images_are_refused(tmp_path, array):
    with pytest.raises(UnreadableImage):
        entries(saved(tmp_path / "a.npy", array))


def test_medmnist_parts_are_read_with_their_labels(tmp_path):
    images = {
        part: RNG.integers(0, 256, (n, 4, 5, 3), dtype=np.uint8) for part, n in (("train", 3), ("test", 2))
    }
    np.savez(
        tmp_path / "set.npz",
        train_images=images["train"],
        train_labels=np.array([[1], [0], [12]], np.uint8),
        test_images=images["test"],
        test_labels=np.array([[1, 0, 1], [0, 0, 0]]),
    )
    train, test = entries(tmp_path / "set.npz", "train"), entries(tmp_path / "set.npz", "test_images")
    assert [entry.label for entry in train] == ["1", "0", "12"]
    assert [entry.label for entry in test] == ["1,0,1", "0,0,0"]
    np.testing.assert_array_equal(read(train[2]).stored, images["train"][2].transpose(2, 0, 1))
    np.testing.assert_array_equal(read(test[0]).stored, images["test"][0].transpose(2, 0, 1))


def test_several_parts_are_named_where_none_is_asked_for(tmp_path):
    np.savez(tmp_path / "set.npz", train_images=np.ones((2, 3, 4)), val_images=np.ones((2, 3, 4)))
    with pytest.raises(UnreadableImage, match=r"set\.npz:train, set\.npz:val"):
        entries(tmp_path / "set.npz")
    with pytest.raises(UnreadableImage, match=r"'tests'.*set\.npz:train"):
        entries(tmp_path / "set.npz", "tests")


def test_the_only_array_of_images_needs_no_name(tmp_path):
    np.savez(tmp_path / "set.npz", x=np.ones((2, 3, 4)), weights=np.ones(9))
    assert len(entries(tmp_path / "set.npz")) == 2


def test_labels_that_do_not_fit_the_images_are_refused(tmp_path):
    np.savez(tmp_path / "set.npz", train_images=np.ones((2, 3, 4)), train_labels=np.ones((3, 1)))
    with pytest.raises(UnreadableImage, match="2 images and 3 labels"):
        entries(tmp_path / "set.npz")


def test_an_array_is_unpacked_once_for_all_its_elements(tmp_path):
    np.savez_compressed(tmp_path / "set.npz", images=np.ones((50, 30, 30)))
    before = arrays._loaded.cache_info().misses
    for entry in entries(tmp_path / "set.npz"):
        read(entry)
    assert arrays._loaded.cache_info().misses == before + 1


def test_a_damaged_archive_is_refused(tmp_path):
    np.savez(tmp_path / "set.npz", images=RNG.normal(size=(5, 30, 30)))
    content = bytearray((tmp_path / "set.npz").read_bytes())
    content[2000:2100] = bytes(100)
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(UnreadableImage):
        read(entries(tmp_path / "set.npz")[0])


def test_a_header_that_promises_more_than_the_archive_holds_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4), np.uint8))
    content = (tmp_path / "a.npy").read_bytes().replace(b"(2, 3, 4), }      ", b"(2000000, 3, 4), }")
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("images.npy", content)
    with pytest.raises(UnreadableImage, match="truncated"):
        entries(tmp_path / "set.npz")


def test_an_archive_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableImage, match="none"):
        entries(tmp_path / "set.npz")


def test_pneumoniamnist_is_read_by_part():
    path = real_data("pneumoniamnist") / "pneumoniamnist.npz"
    found = entries(path, "val")
    assert len(found) == 270
    with np.load(path) as file:
        np.testing.assert_array_equal(read(found[77]).stored[0], file["val_images"][77])
        assert [entry.label for entry in found] == [str(label) for label in file["val_labels"][:, 0]]
