"""Frames are decoded in a process of its own as they are in this one; what crashes it or never ends is refused."""

from __future__ import annotations

import os
from pathlib import Path

import jpeg_ls
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import dicom_apart, entries, read
from doppelscan.images.formats.dicom_apart import decoded_apart
from doppelscan.images.formats.dicom_pixels import decoded
from images.formats.made_files import dicom

FILM = np.add.outer(np.arange(40), 3 * np.arange(30)).astype(np.uint8)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A film packed as JPEG-LS."""
    path = dicom(tmp_path / "a.dcm", FILM)
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.PixelData = encapsulate([bytes(jpeg_ls.encode_array(FILM))])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


def test_what_is_decoded_apart_is_what_is_decoded_here(packed: Path) -> None:
    np.testing.assert_array_equal(decoded_apart(packed, None, FILM.size), decoded(packed, None))
    np.testing.assert_array_equal(read(entries(packed)[0]).stored[0], FILM)


def test_a_damaged_frame_is_refused_in_the_words_of_its_decoder(packed: Path) -> None:
    content = packed.read_bytes()
    start = content.index(b"\xff\xd8\xff\xf7")
    packed.write_bytes(content[: start + 2] + b"\0" * 40 + content[start + 42 :])
    with pytest.raises(UnreadableImage, match="damaged, or not decoded: JPEG-LS"):
        read(entries(packed)[0])


def test_what_never_ends_is_ended(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "never.dcm")  # to read it is to wait for ever
    with monkeypatch.context() as hasty:
        hasty.setattr(dicom_apart, "_SECONDS", 0.2)
        with pytest.raises(UnreadableImage, match="its decoder does not end"):
            decoded_apart(tmp_path / "never.dcm", None, 1)
    np.testing.assert_array_equal(decoded_apart(packed, None, FILM.size)[..., :2], FILM[..., :2])


def test_a_decoder_that_crashes_takes_nobody_with_it(packed: Path) -> None:
    decoded_apart(packed, None, FILM.size)
    dicom_apart._decoder(os.getpid())._process.kill()
    dicom_apart._decoder(os.getpid())._process.wait()
    with pytest.raises(UnreadableImage, match="its decoder crashes"):
        decoded_apart(packed, None, FILM.size)
    np.testing.assert_array_equal(decoded_apart(packed, None, FILM.size), FILM)
