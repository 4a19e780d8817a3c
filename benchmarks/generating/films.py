"""Which films do generators learn, and which are they compared with? Of other patients."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from doppelscan.seeds import stream

__all__ = ["films"]

LEARNT = 0.35  # of the patients


def films(data: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Chest films (n, 1, side, side) uint8: of the patients that are learnt, and of all others."""
    rows = pd.read_csv(data / "chest_xray" / "images.csv", dtype=str)
    patient = rows["patient"].fillna(rows["file"])
    unique = stream(0, "tuning patients").permutation(np.array(sorted(patient.unique()), dtype=object))
    learnt = patient.isin(unique[: int(LEARNT * len(unique))]).to_numpy()
    pixels = np.stack([_read(data / "chest_xray" / file, side) for file in rows["file"]])
    return pixels[learnt], pixels[~learnt]


def _read(file: Path, side: int) -> np.ndarray:
    grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)[None]
