"""Are plain PNGs read as Pillow reads them, and all others left to it?"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.images.formats import entries, pillow, read
from doppelscan.images.formats.png import samples

CHANNELS = {1: 0, 3: 2}  # and their colour types


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(image: np.ndarray, depth: int = 8, interlaced: int = 0) -> bytes:
    rows, columns, channels = image.shape
    return chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, CHANNELS[channels], 0, 0, interlaced))


def filtered(image: np.ndarray, kinds: list[int]) -> bytes:
    """The lines, each filtered as its number says, sample by sample as the standard writes it."""
    rows, columns, channels = image.shape
    padded = np.zeros((rows + 1, columns + 1, channels), dtype=np.int64)
    padded[1:, 1:] = image
    lines = []
    for y in range(rows):
        left, up, corner = padded[y + 1, :-1], padded[y, 1:], padded[y, :-1]
        plane = left + up - corner
        far = np.abs(np.stack([plane - left, plane - up, plane - corner]))
        paeth = np.choose(far.argmin(axis=0), [left, up, corner])
        guess = [0 * left, left, up, (left + up) // 2, paeth][kinds[y]]
        lines.append(bytes([kinds[y]]) + ((padded[y + 1, 1:] - guess) % 256).astype(np.uint8).tobytes())
    return b"".join(lines)


def png(image: np.ndarray, kinds: list[int], *others: bytes, n_parts: int = 1) -> bytes:
    packed = zlib.compress(filtered(image, kinds))
    ends = np.linspace(0, len(packed), n_parts + 1).astype(int)
    data = b"".join(chunk(b"IDAT", packed[a:b]) for a, b in itertools.pairwise(ends))
    return b"\x89PNG\r\n\x1a\n" + header(image) + b"".join(others) + data + chunk(b"IEND", b"")


def by_pillow(content: bytes) -> np.ndarray:
    found = np.atleast_3d(np.asarray(PIL.Image.open(io.BytesIO(content))))
    return np.moveaxis(found, -1, 0)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), channels=st.sampled_from(list(CHANNELS)), n_parts=st.integers(1, 4))
def test_every_filter_is_undone(data: st.DataObject, channels: int, n_parts: int, tmp_path_factory) -> None:
    shape = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 9), st.just(channels)))
    image = data.draw(hnp.arrays(np.uint8, shape))
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=shape[0], max_size=shape[0]))
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(png(image, kinds, n_parts=n_parts))
    found = samples(path)
    assert found is not None
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, np.moveaxis(image, -1, 0))
    np.testing.assert_array_equal(found, by_pillow(path.read_bytes()))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"compress_level": 0}, {"dpi": (96, 96)}])
def test_what_pillow_writes_is_read(mode: str, options: dict[str, object], tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(90), np.arange(70)) % 256
    pixels = np.stack([smooth, smooth.max() - smooth, smooth // 2], axis=-1).astype(np.uint8)
    picture = PIL.Image.fromarray(pixels if mode == "RGB" else pixels[..., 0])
    picture.save(tmp_path / "a.png", **options)
    np.testing.assert_array_equal(samples(tmp_path / "a.png"), by_pillow((tmp_path / "a.png").read_bytes()))


IMAGE = np.arange(4 * 5, dtype=np.uint8).reshape(4, 5, 1)
PLAIN = png(IMAGE, [0, 1, 2, 3])
NOT_PLAIN = {
    "transparent": png(IMAGE, [0] * 4, chunk(b"tRNS", b"\0\7")),
    "with EXIF": png(IMAGE, [0] * 4, chunk(b"eXIf", b"II*\0")),
    "animated": png(IMAGE, [0] * 4, chunk(b"acTL", struct.pack(">II", 2, 0))),
    "interlaced": PLAIN.replace(header(IMAGE), header(IMAGE, interlaced=1)),
    "of 16 bits": PLAIN.replace(header(IMAGE), header(IMAGE, depth=16)),
    "of no such filter": png(IMAGE, [0] * 4).replace(
        chunk(b"IDAT", zlib.compress(filtered(IMAGE, [0] * 4))),
        chunk(b"IDAT", zlib.compress(b"\5" + filtered(IMAGE, [0] * 4)[1:])),
    ),
    "too short": PLAIN.replace(header(IMAGE), header(np.zeros((5, 5, 1)))),
    "too long": PLAIN.replace(header(IMAGE), header(np.zeros((3, 5, 1)))),
    "cut off": PLAIN[:-20],
    "without an end": PLAIN[:-12],
    "of a wrong sum": PLAIN[:-20] + bytes([PLAIN[-20] ^ 1]) + PLAIN[-19:],
    "a text": b"no picture",
    "empty": b"",
    "too large": b"\x89PNG\r\n\x1a\n" + header(np.empty((2**14, 2**14, 1), dtype=bool)) + PLAIN[33:],
}


@pytest.mark.parametrize("kind", list(NOT_PLAIN))
def test_a_file_that_is_not_plain_is_left_to_pillow(kind: str, tmp_path: Path) -> None:
    (tmp_path / "plain.png").write_bytes(PLAIN)
    (tmp_path / "a.png").write_bytes(NOT_PLAIN[kind])
    assert samples(tmp_path / "plain.png") is not None
    assert samples(tmp_path / "a.png") is None


@settings(deadline=None, max_examples=80)
@given(content=st.binary(max_size=80), at=st.integers(0, len(PLAIN)))
def test_no_damage_gives_other_samples(content: bytes, at: int, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(PLAIN[:at] + content + PLAIN[at + len(content) :])
    found = samples(path)
    assert found is None or np.array_equal(found[0], IMAGE[..., 0])


def test_the_loops_read_what_pillow_reads_once_they_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.PNG").write_bytes(PLAIN)
    entry = entries(tmp_path / "a.PNG")[0]
    found = read(entry)
    monkeypatch.setattr(pillow, "samples", lambda picture: pytest.fail("Pillow decoded it"))
    np.testing.assert_array_equal(read(entry).stored, found.stored)
