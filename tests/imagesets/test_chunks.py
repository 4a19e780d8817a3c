"""Do blocks of pixels that several processes write make the array that one process writes?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from cohorts import pixels_of
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.imagesets.chunks import Chunks
from doppelscan.settings import Resources

SIDE = 256  # pixels: a block holds 64 such films of 8 bits, a shard two blocks


def flat(n: int, dtype: str = "uint8") -> np.ndarray:
    """Films that differ in one corner."""
    images = np.zeros((n, 1, SIDE, SIDE), dtype=dtype)
    images[:, 0, 0, 0] = np.arange(n) % 256
    images[:, 0, 0, 1] = np.arange(n) // 256
    return images


def folder_of(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir()
    for i, image in enumerate(images):
        Pillow.fromarray(image[0]).save(folder / f"{i:04d}.png")
    return folder


def saved(source: ImageSet, out: Path, workers: int) -> ImageSet:
    return save(source, out, resources=Resources(workers=workers))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_blocks_that_are_taken_over_are_read_where_they_were_put(dtype: str, tmp_path: Path) -> None:
    images = flat(80, dtype)
    whole = Chunks(tmp_path / "whole", np.dtype(dtype))
    size = whole.in_a_block(images.shape[1:])
    parts = {first: Chunks(tmp_path / f"part{first}", np.dtype(dtype)) for first in (0, size)}
    for first, part in parts.items():
        part.write(0, list(images[first : first + size]))
        assert whole.take_over(part, first)
    whole.grow(2 * size, images.shape[1:])
    np.testing.assert_array_equal(whole.read()[: len(images)], images[: 2 * size])


def test_blocks_are_not_taken_over_where_none_begins(tmp_path: Path) -> None:
    part, whole = (Chunks(tmp_path / name, np.dtype(np.uint8)) for name in ("part", "whole"))
    part.write(0, list(flat(64)))
    assert not whole.take_over(part, 63)
    assert whole.shape is None
    np.testing.assert_array_equal(part.read(), flat(64))


def test_a_block_that_a_killed_run_has_left_gives_way(tmp_path: Path) -> None:
    part, whole = (Chunks(tmp_path / name, np.dtype(np.uint8)) for name in ("part", "whole"))
    whole.write(0, list(flat(64)[::-1]))
    part.write(0, list(flat(64)))
    assert whole.take_over(part, 0)
    np.testing.assert_array_equal(whole.read(), flat(64))


def test_one_process_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    source = open_images(folder_of(tmp_path / "films", flat(300)))
    one, two = (saved(source, tmp_path / str(n), n) for n in (1, 2))
    np.testing.assert_array_equal(pixels_of(two), flat(300))
    files = {path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file()}
    assert files == {
        path.relative_to(tmp_path / "2") for path in (tmp_path / "2").rglob("*") if path.is_file()
    }
    assert one.fingerprint == two.fingerprint
    for name in files:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_a_film_that_cannot_be_decoded_shifts_all_blocks_after_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "films", flat(300))
    broken = folder / "0005.png"
    content = bytearray(broken.read_bytes())
    content[45:50] = b"wrong"  # of the packed samples: the header still promises an image
    broken.write_bytes(content)
    found = saved(open_images(folder), tmp_path / "out", 2)
    assert [one.where for one in found.unreadable] == ["0005.png"]
    np.testing.assert_array_equal(pixels_of(found), np.delete(flat(300), 5, axis=0))


def test_what_children_of_a_killed_run_left_does_not_reach_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_images(folder_of(tmp_path / "films", flat(300)))
    unbroken = saved(source, tmp_path / "unbroken", 1)
    with monkeypatch.context() as patch:
        patch.setattr("doppelscan.imagesets.drafts.Draft.add", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            saved(source, tmp_path / "out", 2)
    left = Chunks(tmp_path / ".out.partial" / "pixels.zarr.000000000128", np.dtype(np.uint8))
    left.discard()
    left.write(0, list(flat(64)))
    resumed = saved(source, tmp_path / "out", 2)
    np.testing.assert_array_equal(pixels_of(resumed), pixels_of(unbroken))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "images.parquet",
        "imageset.json",
        "pixels.zarr",
    ]


def _interrupted(*_: object) -> int:
    raise KeyboardInterrupt
