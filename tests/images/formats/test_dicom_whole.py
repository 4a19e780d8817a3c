"""Whether all promised pixels are there, from the bytes that follow their element."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats.dicom_whole import check_whole

ITEM, END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
ENDLESS = struct.pack("<L", 0xFFFFFFFF)


def check(
    path: Path, content: bytes, *, encoding: tuple[bool, bool] = (True, True), packed: bool = False
) -> None:
    path.write_bytes(content)
    with path.open("rb") as file:
        check_whole(file, encoding, packed=packed, expected=10)


def test_whole_pixels_pass_in_every_encoding(tmp_path):
    check(tmp_path / "a", struct.pack("<L", 10) + bytes(10))
    check(tmp_path / "a", b"OW\0\0" + struct.pack("<L", 10) + bytes(10), encoding=(False, True))
    check(tmp_path / "a", b"OW\0\0" + struct.pack(">L", 10) + bytes(10), encoding=(False, False))


@pytest.mark.parametrize("content", [struct.pack("<L", 10) + bytes(9), struct.pack("<L", 8) + bytes(20)])
def test_missing_pixels_are_counted(tmp_path, content):
    with pytest.raises(UnreadableImage, match=r"truncated: [89] of 10 bytes"):
        check(tmp_path / "a", content)


def test_packed_items_are_followed_to_their_end(tmp_path):
    items = ITEM + struct.pack("<L", 0) + ITEM + struct.pack("<L", 6) + bytes(6)
    check(tmp_path / "a", ENDLESS + items + END + bytes(4), packed=True)
    with pytest.raises(UnreadableImage, match="do not end"):
        check(tmp_path / "a", ENDLESS + items, packed=True)
    with pytest.raises(UnreadableImage, match="4 of 6 bytes"):
        check(tmp_path / "a", ENDLESS + items[:-2], packed=True)


def test_packed_pixels_of_a_stated_length_are_left_to_the_decoder(tmp_path):
    check(tmp_path / "a", struct.pack("<L", 4) + bytes(4), packed=True)
