"""The samples of a PNG or TIFF of more than 8 bits, which Pillow would narrow or not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage

__all__ = ["samples"]

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def samples(path: Path, page: int = 0) -> NDArray[Any]:
    """The samples of one page, (rows, columns) or (rows, columns, c), colours in the order RGB(A)."""
    _, pages = cv2.imreadmulti(str(path), page, 1, flags=cv2.IMREAD_UNCHANGED)
    if not pages:
        raise UnreadableImage("damaged, or packed in a way that OpenCV does not decode")
    found = np.asarray(pages[0])
    return found if found.ndim == 2 else found[..., [2, 1, 0, *range(3, found.shape[-1])]]
