"""Zarr of others: OME-Zarr of both versions, plain arrays in every packing, and what is refused."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numcodecs import GZip, Zlib
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import entries, read
from doppelscan.imagesets import open_images

RNG = np.random.default_rng(7)
AXES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
PICTURES = RNG.integers(0, 60_000, (4, 9, 7), dtype=np.uint16)


def ome(
    place: Path,
    pixels: np.ndarray,
    axes: str,
    version: str = "0.5",
    unit: str | None = "micrometer",
    **said: Any,
) -> Path:
    """An OME-Zarr image of two sizes, its pixels 3 (z), 2 (y) and 1 (x) units apart, of half a unit by all."""
    group = zarr.create_group(place, zarr_format=3 if version == "0.5" else 2)
    group.create_array("0", data=pixels, chunks=tuple(max(1, n // 2) for n in pixels.shape))
    group.create_array("1", data=pixels[..., ::2, ::2])
    named = [
        {"name": name, "type": AXES[name]} | ({"unit": unit} if unit and name in "zyx" else {})
        for name in axes
    ]
    scale = [{"z": 6.0, "y": 4.0, "x": 2.0}.get(name, 1.0) for name in axes]
    half = {"type": "scale", "scale": [0.5 if name in "zyx" else 1.0 for name in axes]}
    image = {
        "axes": named,
        "datasets": [
            {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]},
            {
                "path": "1",
                "coordinateTransformations": [{"type": "scale", "scale": [2 * one for one in scale]}],
            },
        ],
        "coordinateTransformations": [half],
        "version": version,
    }
    attributes = {"multiscales": [image]} | said
    group.attrs.update({"ome": attributes | {"version": version}} if version == "0.5" else attributes)
    return place


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_image_is_read_at_its_largest_by_its_axes(tmp_path: Path, version: str) -> None:
    pixels = RNG.integers(0, 60_000, (2, 3, 4, 6, 5), dtype=np.uint16)
    found = entries(ome(tmp_path / "a.zarr", pixels, "tczyx", version))
    assert [(one.frame, one.shape, one.dtype) for one in found] == [
        (k, (3, 5, 6, 4), "uint16") for k in range(2)
    ]
    for entry in found:
        image = read(entry)
        for channel, z, y, x in product(range(3), range(4), range(6), range(5)):
            assert image.stored[channel, x, y, z] == pixels[entry.frame, channel, z, y, x]
        assert image.spacing_mm == pytest.approx((1e-3, 2e-3, 3e-3))


@pytest.mark.parametrize(
    ("shape", "axes", "expected"),
    [
        ((6, 5), "yx", (1, 6, 5)),
        ((3, 6, 5), "cyx", (3, 6, 5)),
        ((1, 2, 1, 6, 5), "tczyx", (2, 6, 5)),
        ((4, 6, 5), "zyx", (1, 5, 6, 4)),
    ],
)
def test_axes_that_are_absent_or_of_length_one_are_no_axes(
    tmp_path: Path, shape: tuple[int, ...], axes: str, expected: tuple[int, ...]
) -> None:
    pixels = RNG.integers(0, 255, shape, dtype=np.uint8)
    (entry,) = entries(ome(tmp_path / "a.zarr", pixels, axes))
    image = read(entry)
    assert image.stored.shape == entry.shape == expected
    flat = image.stored if image.stored.ndim == 3 else image.stored.transpose(0, 3, 2, 1)
    np.testing.assert_array_equal(flat.reshape(shape), pixels)
    assert len(image.spacing_mm or ()) == len(expected) - 1


def test_without_a_known_unit_the_spacing_is_unknown(tmp_path: Path) -> None:
    for unit in (None, "parsec"):
        (entry,) = entries(ome(tmp_path / f"{unit}.zarr", PICTURES, "zyx", unit=unit))
        assert read(entry).spacing_mm is None


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"plate": {}}, "plate"),
        ({"well": {}}, "well"),
        ({"image-label": {}}, "labels"),
        ({"labels": ["cells"]}, "labels"),
        ({"bioformats2raw.layout": 3}, "series"),
    ],
)
def test_what_is_no_image_of_ome_is_called_what_it_is(
    tmp_path: Path, said: dict[str, Any], word: str
) -> None:
    for version in ("0.4", "0.5"):
        with pytest.raises(UnreadableImage, match=word):
            entries(ome(tmp_path / f"{version}.zarr", PICTURES, "zyx", version, **said))


@pytest.mark.parametrize(
    "change",
    [
        {"axes": []},
        {"axes": [{"name": "y"}, {"name": "x"}]},
        {"axes": [{"name": "q"}, {"name": "y"}, {"name": "x"}]},
        {"datasets": []},
        {"datasets": [{"path": "../../secret"}]},
        {"datasets": [{"path": "/etc"}]},
        {"datasets": [{"path": "9"}]},
        {"datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, -1, 1]}]}]},
    ],
)
def test_damaged_metadata_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    place = ome(tmp_path / "a.zarr", PICTURES, "zyx")
    about = json.loads((place / "zarr.json").read_text())
    about["attributes"]["ome"]["multiscales"][0] |= change
    (place / "zarr.json").write_text(json.dumps(about))
    with pytest.raises(UnreadableImage):
        [read(entry) for entry in entries(place)]


PACKED: dict[str, dict[str, Any]] = {
    "plain, version 3": {"compressors": None},
    "blosc": {"compressors": BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")},
    "zstd": {"compressors": ZstdCodec(level=3)},
    "gzip": {"compressors": GzipCodec(level=1)},
    "sharded": {"shards": (4, 9, 8), "chunks": (1, 9, 4), "compressors": ZstdCodec()},
    "plain, version 2": {"compressors": None, "zarr_format": 2},
    "zlib, version 2": {"compressors": Zlib(), "zarr_format": 2},
    "gzip, version 2": {"compressors": GZip(), "zarr_format": 2, "order": "F"},
    "usual, version 2": {"zarr_format": 2},
    "usual, version 3": {},
}


@pytest.mark.parametrize("packed", PACKED)
def test_arrays_are_read_however_they_are_packed(tmp_path: Path, packed: str) -> None:
    zarr.create_array(tmp_path / "a.zarr", **{"data": PICTURES, "chunks": (2, 5, 4)} | PACKED[packed])
    found = entries(tmp_path / "a.zarr")
    assert [one.shape for one in found] == [(1, 9, 7)] * 4
    np.testing.assert_array_equal([read(one).stored[0] for one in found], PICTURES)


def test_of_a_group_one_array_is_read_and_of_several_one_is_named(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("first", data=PICTURES)
    assert len(entries(tmp_path / "a.zarr")) == 4
    group.create_array("second", data=PICTURES)
    with pytest.raises(UnreadableImage, match=r"a\.zarr/first, a\.zarr/second"):
        entries(tmp_path / "a.zarr")
    assert len(entries(tmp_path / "a.zarr" / "second")) == 4


def test_a_folder_of_zarrs_is_a_set_with_its_table(tmp_path: Path) -> None:
    ome(tmp_path / "a.zarr", PICTURES[:1], "zyx")
    zarr.create_array(tmp_path / "b.zarr", data=PICTURES[:2])
    (tmp_path / "images.csv").write_text("file,patient\na.zarr,A\nb.zarr,B\n")
    images = open_images(tmp_path)
    assert list(images.table["id"]) == ["a.zarr", "b.zarr#0", "b.zarr#1"]
    assert list(images.table["patient"]) == ["A", "B", "B"]
    np.testing.assert_array_equal(images[0].stored[0], PICTURES[0])
    before = images.fingerprint
    zarr.open_array(tmp_path / "b.zarr")[:] = 0
    assert open_images(tmp_path).fingerprint != before
    assert open_images(tmp_path / "b.zarr")[1].stored.max() == 0


def test_no_codec_runs_what_it_reads(tmp_path: Path) -> None:
    place = tmp_path / "a.zarr"
    zarr.create_array(place, data=PICTURES, zarr_format=2)
    about = json.loads((place / ".zarray").read_text())
    for change in ({"dtype": "|O", "filters": [{"id": "pickle"}]}, {"compressor": {"id": "pickle"}}):
        (place / ".zarray").write_text(json.dumps(about | change))
        with pytest.raises(UnreadableImage, match=r"'pickle', which is not read"):
            entries(place)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**15, 9, 7]},
        {"shape": [4, 2**40, 2**40]},
        {"shape": [-1, 9, 7]},
        {"shape": "many"},
        {"data_type": "complex64"},
        {"codecs": [{"name": "numcodecs.pickle"}]},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 0, 0]}}},
        {"node_type": "group"},
    ],
)
def test_what_no_array_of_images_says_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    place = tmp_path / "a.zarr"
    zarr.create_array(place, data=PICTURES)
    about = json.loads((place / "zarr.json").read_text())
    (place / "zarr.json").write_text(json.dumps(about | change))
    with pytest.raises(UnreadableImage):
        entries(place)


@pytest.mark.parametrize("packed", ["blosc", "zstd", "gzip", "usual, version 2", "zlib, version 2"])
def test_a_chunk_that_unpacks_to_more_than_it_should_hold_is_refused(tmp_path: Path, packed: str) -> None:
    large = np.zeros((1, 3000, 3000), np.uint16)
    for name, pixels in {"large": large, "small": large[:, :9, :7]}.items():
        options = {"data": pixels, "chunks": pixels.shape} | PACKED[packed]
        with zarr.config.set({"array.write_empty_chunks": True}):
            zarr.create_array(tmp_path / name, **options)
    (chunk,) = (path for path in (tmp_path / "large").rglob("*") if path.is_file() and "z" not in path.name)
    (tmp_path / "small" / chunk.relative_to(tmp_path / "large")).write_bytes(chunk.read_bytes())
    (entry,) = entries(tmp_path / "small")
    with pytest.raises(UnreadableImage, match="a chunk of 126 bytes unpacks to"):
        read(entry)


@pytest.mark.parametrize("said", [2**31 - 1, 0x7F000000])
def test_a_chunk_of_blosc_that_says_it_is_longer_than_it_is_does_not_end_the_process(
    tmp_path: Path, said: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (1, 512, 512), np.uint8)
    zarr.create_array(
        tmp_path / "a.zarr", data=pixels, chunks=pixels.shape, compressors=zarr.codecs.BloscCodec()
    )
    (chunk,) = (path for path in (tmp_path / "a.zarr").rglob("*") if path.is_file() and "z" not in path.name)
    packed = bytearray(chunk.read_bytes())
    packed[12:16] = said.to_bytes(4, "little")
    chunk.write_bytes(packed)
    (entry,) = entries(tmp_path / "a.zarr")
    with pytest.raises(UnreadableImage, match="a chunk of Blosc is cut off"):
        read(entry)


def test_links_out_of_it_are_refused(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=PICTURES)
    (tmp_path / "a.zarr" / "c" / "9").symlink_to("/dev/zero")
    with pytest.raises(UnreadableImage, match="link that leads out"):
        entries(tmp_path / "a.zarr")
