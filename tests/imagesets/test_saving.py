"""Sets on disk: they come back, survive interruption, and are never half there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from cohorts import films, pixels_of
from doppelscan.errors import FormatError, InputError
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images, save, split
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.imagesets.saving import cached
from doppelscan.settings import Resources

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/imageset-1.schema.json").read_text())


def folder_of_films(folder: Path, n: int = 12) -> Path:
    folder.mkdir()
    for image, name in zip(films(n), films(n).table["id"], strict=True):
        Pillow.fromarray(image.pixels[0]).save(folder / name)
    return folder


def test_a_saved_set_comes_back(tmp_path: Path) -> None:
    saved = save(films(5, each=2), tmp_path / "set")
    back = open_images(tmp_path / "set")
    assert np.array_equal(pixels_of(back), pixels_of(films(5, each=2)))
    pd.testing.assert_frame_equal(back.table, films(5, each=2).table)
    assert back.fingerprint == saved.fingerprint
    assert back[3].pixels.dtype == np.uint8
    jsonschema.validate(json.loads((tmp_path / "set/imageset.json").read_text()), SCHEMA)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "bool"])
@pytest.mark.parametrize("space", [(4, 5), (3, 4, 5)])
def test_pixels_keep_their_type_in_two_and_three_dimensions(
    tmp_path: Path, dtype: str, space: tuple[int, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (4, 2, *space)).astype(dtype)
    back = save(ImageSet.from_arrays(pixels), tmp_path / "set")
    assert back.pixels.dtype == dtype
    assert np.array_equal(pixels_of(back), pixels)


def test_preparation_is_recorded_and_part_of_the_fingerprint(tmp_path: Path) -> None:
    small = save(films(3), tmp_path / "small", preparation=Preparation(size=(8, 8)))
    plain = save(films(3), tmp_path / "plain")
    assert small.shape == (1, 8, 8)
    assert small.preparation["size"] == [8, 8]
    assert small.fingerprint != plain.fingerprint


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    source = open_images(folder_of_films(tmp_path / "films", 300))
    one, two = (
        save(
            source, tmp_path / f"{n}", preparation=Preparation(size=(16, 16)), resources=Resources(workers=n)
        )
        for n in (1, 2)
    )
    assert one.fingerprint == two.fingerprint
    assert np.array_equal(pixels_of(one), pixels_of(two))


def test_files_that_fail_when_decoded_are_left_out_and_listed(tmp_path: Path) -> None:
    folder = folder_of_films(tmp_path / "films")
    whole = (folder / "p3-0.png").read_bytes()
    (folder / "p3-0.png").write_bytes(whole[: len(whole) - 40])
    np.save(folder / "nan.npy", np.full((1, 20, 20), np.nan, np.float32))
    saved = save(open_images(folder), tmp_path / "set")
    assert len(saved) == 11
    assert {bad.where for bad in saved.unreadable} == {"p3-0.png", "nan.npy"}
    assert open_images(tmp_path / "set").unreadable == saved.unreadable


def test_slices_of_volumes_become_images_of_the_same_patient(tmp_path: Path) -> None:
    volumes = np.zeros((2, 1, 6, 6, 4), np.uint8)
    volumes[..., 1:3] = 200
    source = ImageSet.from_arrays(volumes, pd.DataFrame({"id": ["v0", "v1"], "patient": ["a", "b"]}))
    preparation = Preparation(slices="axial", min_foreground=0.5, foreground_above=50)
    saved = save(source, tmp_path / "set", preparation=preparation)
    assert saved.table["id"].tolist() == ["v0#1", "v0#2", "v1#1", "v1#2"]
    assert saved.table["patient"].tolist() == ["a", "a", "b", "b"]


def test_saving_again_gives_the_same_set_and_anything_else_is_refused(tmp_path: Path) -> None:
    first = save(films(3), tmp_path / "set")
    assert save(films(3), tmp_path / "set").fingerprint == first.fingerprint
    with pytest.raises(InputError, match="something else"):
        save(films(4), tmp_path / "set")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("years of work")
    with pytest.raises(InputError, match="something else"):
        save(films(3), tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.doc").read_text() == "years of work"


def test_nothing_is_written_where_shapes_differ_or_nothing_is_left(tmp_path: Path) -> None:
    folder = folder_of_films(tmp_path / "films", 3)
    Pillow.fromarray(np.zeros((3, 3), np.uint8)).save(folder / "z.png")
    with pytest.raises(InputError, match="--size"):
        save(open_images(folder), tmp_path / "set")
    empty = Preparation(slices="axial", min_foreground=0.5, foreground_above=50)
    with pytest.raises(InputError, match="no image that can be prepared"):
        save(ImageSet.from_arrays(np.zeros((2, 1, 4, 4, 4), np.uint8)), tmp_path / "set", preparation=empty)
    assert not (tmp_path / "set").exists()


def test_films_beside_volumes_are_refused_before_any_is_read(tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    for name, shape in (("film", (30, 30)), ("volume", (30, 30, 30))):
        np.save(tmp_path / "mixed" / f"{name}.npy", np.zeros((1, *shape), np.uint8))
    with pytest.raises(InputError, match=r"films and volumes .*--slices"):
        save(open_images(tmp_path / "mixed"), tmp_path / "set", preparation=Preparation(size=(4,)))


def test_grey_beside_colour_names_the_cure_after_resizing_too(tmp_path: Path) -> None:
    folder = folder_of_films(tmp_path / "films", 3)
    Pillow.fromarray(np.zeros((3, 3, 3), np.uint8)).save(folder / "z.png")
    with pytest.raises(InputError, match="--channels grey"):
        save(open_images(folder), tmp_path / "set", preparation=Preparation(size=(8,)))


def test_the_cache_decodes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_images(folder_of_films(tmp_path / "films"))
    first = cached(source)
    monkeypatch.setattr("doppelscan.imagesets.saving.prepared", None)
    again = cached(open_images(tmp_path / "films"))
    assert np.array_equal(pixels_of(first), pixels_of(again))
    assert again.name == str(tmp_path / "films")


def test_a_slope_and_an_intercept_are_kept_beside_the_pixels(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    (tmp_path / "nii").mkdir()
    for name, slope in (("a", 2.0), ("b", 0.5)):
        stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
        image = nibabel.Nifti1Image(stored, np.eye(4))
        image.header.set_slope_inter(slope, -1)
        nibabel.save(image, tmp_path / "nii" / f"{name}.nii.gz")
    source = open_images(tmp_path / "nii")
    back = save(source, tmp_path / "set")
    assert back.pixels.dtype == np.int16
    for position in range(2):
        assert np.allclose(back[position].pixels, source[position].pixels)
        assert np.allclose(back.read(position, position + 1)[0], source[position].pixels)
    assert back[0].spacing_mm == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("name", ["imageset.json", "images.parquet", "pixels.zarr/zarr.json"])
def test_a_damaged_set_is_a_format_error(tmp_path: Path, name: str) -> None:
    save(films(3), tmp_path / "set")
    (tmp_path / "set" / name).write_bytes(b"{")
    with pytest.raises(FormatError):
        open_images(tmp_path / "set")


def test_a_manifest_without_its_fields_is_a_format_error(tmp_path: Path) -> None:
    save(films(3), tmp_path / "set")
    (tmp_path / "set" / "imageset.json").write_text('{"format": "doppelscan-imageset/1"}')
    with pytest.raises(FormatError):
        open_images(tmp_path / "set")


@pytest.mark.parametrize("value", [0, 90])
def test_a_lost_block_of_pixels_is_never_read_as_black(tmp_path: Path, value: int) -> None:
    save(ImageSet.from_arrays(np.full((3, 1, 4, 4), value, np.uint8)), tmp_path / "set")
    block = tmp_path / "set" / "pixels.zarr" / "c" / "0" / "0" / "0" / "0"
    whole = block.read_bytes()
    block.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="damaged"):
        open_images(tmp_path / "set").read(0, 3)
    block.unlink()
    with pytest.raises(FormatError, match="1 of its 1 blocks of pixels are lost"):
        open_images(tmp_path / "set")


def test_a_save_killed_while_it_tidies_up_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = shutil.rmtree

    def cut_off(folder: Path, **options: bool) -> None:
        if folder.name != "shards":
            return remove(folder, **options)
        (folder / "000000000000.json").unlink()
        raise OSError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr("doppelscan.imagesets.drafts.shutil.rmtree", cut_off)
        with pytest.raises(OSError, match="cut off"):
            save(films(300), tmp_path / "set")
    assert len(list((tmp_path / ".set.partial" / "shards").iterdir())) == 2
    assert np.array_equal(pixels_of(save(films(300), tmp_path / "set")), pixels_of(films(300)))


def test_what_killed_writes_left_does_not_reach_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("doppelscan.imagesets.saving.write_json", None)
        with pytest.raises(TypeError):
            save(films(3), tmp_path / "set")
    partial = tmp_path / ".set.partial"
    for litter in (partial / ".0123.draft", partial / "pixels.zarr" / "c" / "0.0123.partial"):
        litter.write_bytes(b"half")
    save(films(3), tmp_path / "set")
    names = {path.name for path in (tmp_path / "set").rglob("*") if path.is_file()}
    assert names == {"imageset.json", "images.parquet", "zarr.json", "0"}


def test_two_processes_that_make_one_set_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = folder_of_films(tmp_path / "films", 300)
    script = tmp_path / "go.py"
    script.write_text(SAVE)
    asked = [sys.executable, str(script), str(folder), str(tmp_path / "set")]
    both = [subprocess.Popen(asked, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [child.wait() for child in both] == [0, 0]
    assert np.array_equal(pixels_of(open_images(tmp_path / "set")), pixels_of(open_images(folder)))


def test_the_cache_names_what_this_folder_could_not_give(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = folder_of_films(tmp_path / name)
        (folder / f"{name}.txt").write_text("no image")
        assert [bad.where for bad in cached(open_images(folder)).unreadable] == [f"{name}.txt"]


def test_a_set_of_a_newer_version_says_so(tmp_path: Path) -> None:
    save(films(3), tmp_path / "set")
    manifest = json.loads((tmp_path / "set" / "imageset.json").read_text())
    (tmp_path / "set" / "imageset.json").write_text(
        json.dumps(manifest | {"format": "doppelscan-imageset/9"})
    )
    with pytest.raises(FormatError, match="newer"):
        open_images(tmp_path / "set")


def test_a_split_shares_no_patient_and_loses_no_image() -> None:
    images = films(20, each=3)
    train, held = split(images, 0.25, seed=4)
    assert not set(train.table["patient"]) & set(held.table["patient"])
    assert (len(train), len(held)) == (45, 15)
    assert split(images, 0.25, seed=4)[1].table["id"].tolist() == held.table["id"].tolist()
    with pytest.raises(InputError, match="cannot be split"):
        split(images, 1.0)


SAVE = """
import sys, time
from pathlib import Path
import doppelscan.imagesets.drafts as drafts
from doppelscan.imagesets import open_images, save
from doppelscan.settings import Resources
add = drafts.Draft.add
def slow(self, shard, row):
    done = add(self, shard, row)
    print("shard", flush=True)
    time.sleep(0.2)
    return done
drafts.Draft.add = slow
if __name__ == "__main__":
    save(open_images(sys.argv[1]), Path(sys.argv[2]), resources=Resources(workers=1))
"""


def test_a_killed_save_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    folder = folder_of_films(tmp_path / "films", 500)  # four shards
    unbroken = save(open_images(folder), tmp_path / "unbroken")
    script = tmp_path / "go.py"
    script.write_text(SAVE)
    out = tmp_path / "broken"
    with subprocess.Popen(
        [sys.executable, str(script), str(folder), str(out)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "shard\n"
        assert child.stdout.readline() == "shard\n"
        time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
    assert not out.exists()
    assert len(list((tmp_path / ".broken.partial" / "shards").iterdir())) >= 2
    resumed = save(open_images(folder), out)
    assert resumed.fingerprint == unbroken.fingerprint
    assert np.array_equal(pixels_of(resumed), pixels_of(unbroken))
    files = sorted(
        path.relative_to(out) for path in out.rglob("*") if path.is_file() and path.name != "imageset.json"
    )
    for name in files:
        assert (out / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes(), name


def test_a_saved_set_finds_its_own_images_in_another_one(tmp_path: Path) -> None:
    saved, other = save(films(6), tmp_path / "a"), save(films(7), tmp_path / "b")
    some = saved.take([1, 2, 5])
    assert isinstance(some.pixels, ZarrPixels)
    found = some.pixels.positions_in(saved.pixels)
    assert found is not None
    assert found.tolist() == [1, 2, 5]
    for elsewhere in (some.take([0, 2]), some.take([2, 1, 0]), other, films(6)):
        assert some.pixels.positions_in(elsewhere.pixels) is None


@pytest.mark.parametrize("name", ["slope", "intercept", "spacing_mm"])
def test_a_column_that_a_set_has_of_its_own_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    images = ImageSet.from_arrays(np.zeros((2, 1, 3, 3), np.uint8), pd.DataFrame({name: ["1", "2"]}))
    with pytest.raises(InputError, match=f"columns named {name}.*name them otherwise"):
        save(images, tmp_path / "set")
    assert not list(tmp_path.iterdir())
