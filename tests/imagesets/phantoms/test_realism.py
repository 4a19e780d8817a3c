"""Phantom patients differ as much as real ones: the nearest stranger's correlation at 64 pixels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from doppelscan.imagesets.phantoms import brain, chest
from realdata import real_data


def test_nearest_chests_are_as_alike_as_nearest_real_ones() -> None:
    folder = real_data("chest_xray")
    table = pd.read_csv(folder / "images.csv").sample(frac=1, random_state=0).drop_duplicates("patient")
    real = _nearest(_read(folder, table["file"][:200].tolist()))
    phantom = _nearest(_shrunk(chest(200, size=64).pixels[:, 0]))
    assert np.median(phantom) == pytest.approx(np.median(real), abs=0.04)
    assert np.quantile(phantom, [0.05, 0.95]) == pytest.approx(np.quantile(real, [0.05, 0.95]), abs=0.08)


def test_nearest_brain_slices_are_as_alike_as_nearest_real_ones() -> None:
    folder = real_data("brain_tumor_slices")
    files = pd.read_csv(folder / "images.csv")["file"][::15].tolist()  # neighbours are mostly one patient
    real = _nearest(_read(folder, files))
    phantom = _nearest(_shrunk(brain(len(files), axes=2, size=128, channels=["t1ce"]).pixels[:, 0]))
    assert np.median(phantom) == pytest.approx(np.median(real), abs=0.05)
    assert np.quantile(phantom, 0.95) == pytest.approx(np.quantile(real, 0.95), abs=0.06)


def _read(folder: Path, files: list[str]) -> list[np.ndarray]:
    return _shrunk(cv2.imread(str(folder / file), cv2.IMREAD_GRAYSCALE) for file in files)


def _shrunk(images: Iterable[np.ndarray]) -> list[np.ndarray]:
    return [cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA) for image in images]


def _nearest(images: list[np.ndarray]) -> np.ndarray:
    scores = np.corrcoef(np.stack(images).reshape(len(images), -1))
    np.fill_diagonal(scores, -1)
    return scores.max(axis=1)
