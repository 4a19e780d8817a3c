"""What the pixels of a DICOM file are, whatever its transfer syntax, colours and byte order."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats.dicom_header import Header, text, transfer_syntax

__all__ = ["planes"]


_DECODERS = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000: "pylibjpeg",
    JPEG2000Lossless: "pylibjpeg",
}
"""Preferred to GDCM, which ends the process on some damaged frames; it is left what no other decodes."""


def planes(path: Path, header: Header, frame: int | None = None) -> Shaped[np.ndarray, "n c rows columns"]:
    """One frame, or all, as stored: YBR and palettes become RGB, one bit a byte, order the machine's."""
    dataset = _dataset(path, path.stat().st_mtime_ns)
    stored = _decoded(dataset, frame)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)[..., :3]
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    channels, *space = header.shape
    return np.ascontiguousarray(np.moveaxis(native.reshape(-1, *space, channels), -1, 1))


def _decoded(dataset: FileDataset, frame: int | None) -> NDArray[Any]:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    try:
        return pixel_array(dataset, index=frame, decoding_plugin=_DECODERS.get(syntax, ""))
    except RuntimeError as error:  # one line of introduction, then one for each decoder tried
        tried = "; ".join(line.strip() for line in str(error).splitlines()[1:] or [str(error)])
        raise UnreadableImage(f"damaged, or not decoded: {syntax.name} ({tried})") from error


@lru_cache(maxsize=1)
def _dataset(path: Path, changed_ns: int) -> FileDataset:
    """The whole file; kept, since the frames of one file are mostly read in turn."""
    dataset = dcmread(path, force=True)
    dataset.file_meta.TransferSyntaxUID = transfer_syntax(dataset)
    return dataset
