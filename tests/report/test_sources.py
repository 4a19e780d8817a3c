from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from doppelscan.errors import UnreadableImage
from doppelscan.findings.provenance import described
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.saving import cached
from doppelscan.report.sources import pictures

SMALLER = Preparation(size=(8, 8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    (tmp_path / "films").mkdir()
    for name in ("a.png", "b.png"):
        Pillow.fromarray(rng.integers(0, 256, (16, 16), dtype=np.uint8)).save(tmp_path / "films" / name)
    return tmp_path / "films"


def record(path: Path, preparation: Preparation = Preparation()) -> dict:  # noqa: B008
    """What an audit of these images says of them."""
    content = open_images(path).content if path.exists() else ""
    train = {"path": str(path), "content": content}
    return {"sets": {"train": train}, "settings": {"preparation": preparation.to_json()}}


def test_images_are_found_where_the_record_says(folder: Path) -> None:
    shown = pictures(record(folder), "train", None)("b.png")
    assert np.array_equal(shown.pixels[0], np.asarray(Pillow.open(folder / "b.png")))


def test_a_given_set_is_used_instead(folder: Path) -> None:
    given = ImageSet.from_arrays(np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8))
    assert np.array_equal(pictures(record(folder), "train", given)("000000").pixels, given[0].pixels)


def test_images_are_prepared_as_the_audit_did(folder: Path) -> None:
    assert pictures(record(folder, SMALLER), "train", None)("a.png").space == (8, 8)


def test_a_slice_of_a_volume_is_found_by_its_number() -> None:
    volume = ImageSet.from_arrays(np.arange(2 * 6 * 6 * 6, dtype=np.uint16).reshape(2, 1, 6, 6, 6))
    sliced = {"settings": {"preparation": Preparation(slices="axial").to_json()}}
    shown = pictures(sliced, "train", volume)
    pieces = {piece.k: piece.image for piece in Preparation(slices="axial").apply(volume[1])}
    assert np.array_equal(shown("000001#4").pixels, pieces[4].pixels)
    with pytest.raises(UnreadableImage, match="no longer"):
        shown("000001#77")


def test_a_set_that_moved_gives_the_reason_for_each_image(folder: Path) -> None:
    moved = pictures(record(folder / "elsewhere"), "train", None)
    with pytest.raises(UnreadableImage, match="there is nothing here"):
        moved("a.png")


def test_a_record_without_a_path_says_so() -> None:
    with pytest.raises(UnreadableImage, match="does not say"):
        pictures({}, "train", None)("a.png")


def test_an_image_that_is_gone_is_named(folder: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"c\.png"):
        pictures(record(folder), "train", None)("c.png")


def test_an_image_that_was_damaged_since_says_so(folder: Path) -> None:
    shown = pictures(record(folder), "train", None)
    (folder / "a.png").write_bytes(b"no image at all")
    with pytest.raises(UnreadableImage):
        shown("a.png")


@pytest.mark.parametrize("said", [None, "", "0" * 64])
def test_images_that_the_record_did_not_know_are_withheld(folder: Path, said: str | None) -> None:
    """A stranger who names a folder of this machine does not know what is in it."""
    told = record(folder)
    told["sets"]["train"]["content"] = said
    with pytest.raises(UnreadableImage, match=r"Withheld: .* Name them yourself, with --train"):
        pictures(told, "train", None)("a.png")
    assert pictures(told, "train", open_images(folder))("a.png").space == (16, 16)


def test_what_was_prepared_on_the_way_is_known_by_what_it_was_made_of(folder: Path) -> None:
    """Whatever patients were found in the ids."""
    opened = open_images(folder, patient_pattern="(.)[.]png")
    about = described(cached(cached(opened, preparation=SMALLER), preparation=Preparation(size=(4, 4))))
    assert about["content"] == open_images(folder).content
    assert about["content"] != described(cached(opened.take([1, 0])))["content"]
