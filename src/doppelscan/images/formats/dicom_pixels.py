"""What the pixels of a DICOM file are, whatever its transfer syntax, colours and byte order."""

from __future__ import annotations

import math
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
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats.dicom_apart import decoded_apart
from doppelscan.images.formats.dicom_header import Header, opened, text, transfer_syntax
from doppelscan.images.formats.stamps import Stamp, stamp

__all__ = ["decoded", "planes"]


_DECODERS = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000: "pylibjpeg",
    JPEG2000Lossless: "pylibjpeg",
}
"""Preferred to GDCM, which is left what no other decodes."""
_TRUSTED = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGBaseline8Bit,
        JPEGExtended12Bit,
    }
)
"""What pydicom and Pillow decode themselves. GDCM and CharLS end the process, or never end, on some damaged frames."""


def planes(path: Path, header: Header, frame: int | None = None) -> Shaped[np.ndarray, "n c rows columns"]:
    """One frame, or all, as stored: YBR and palettes become RGB, one bit a byte, order the machine's."""
    dataset = header.dataset
    n_pixels = math.prod(header.shape) * (header.n_frames if frame is None else 1)
    apart = transfer_syntax(header.dataset) not in _TRUSTED
    stored = decoded_apart(path, frame, n_pixels) if apart else decoded(path, frame)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)[..., :3]
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    channels, *space = header.shape
    return np.ascontiguousarray(np.moveaxis(native.reshape(-1, *space, channels), -1, 1))


def decoded(path: Path, frame: int | None) -> NDArray[Any]:
    """One frame, or all, in the order and colours that the decoder gives: YBR is RGB, palettes are not applied."""
    dataset = _dataset(path, stamp(path))
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    try:
        return pixel_array(dataset, index=frame, decoding_plugin=_DECODERS.get(syntax, ""))
    except RuntimeError as error:  # one line of introduction, then one for each decoder tried
        tried = "; ".join(line.strip() for line in str(error).splitlines()[1:] or [str(error)])
        raise UnreadableImage(f"damaged, or not decoded: {syntax.name} ({tried})") from error


@lru_cache(maxsize=1)
def _dataset(path: Path, _stamp: Stamp) -> FileDataset:
    """The whole file; kept, since the frames of one file are mostly read in turn."""
    with opened(path) as file:
        dataset = dcmread(file, force=True)
    dataset.file_meta.TransferSyntaxUID = transfer_syntax(dataset)
    return dataset
