"""Text that is drawn into an image is seen; bare films, single markers and noise are not taken for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.imagesets.phantoms import chest
from doppelscan.release.burnt_in import holds_text
from doppelscan.seeds import stream
from realdata import real_data


@pytest.fixture(scope="module")
def bare() -> np.ndarray:
    return chest(6, size=160).pixels


def with_words(pixels: np.ndarray, words: str, *, scale: float = 0.6, grey: float = 255) -> np.ndarray:
    film = pixels[0].copy()
    cv2.putText(film, words, (8, 30), cv2.FONT_HERSHEY_SIMPLEX, scale, grey, 1 + (scale > 0.7), cv2.LINE_AA)
    return film[None]


@pytest.mark.parametrize("words", ["SMITH JOHN", "12345678", "1965-03-12"])
@pytest.mark.parametrize("scale", [0.5, 0.8, 1.2])
def test_words_are_seen_on_most_films(bare: np.ndarray, words: str, scale: float) -> None:
    seen = [holds_text(with_words(film, words[:8], scale=scale)) for film in bare]
    assert np.mean(seen) >= 0.8


def test_bare_films_and_single_markers_are_not_reported(bare: np.ndarray) -> None:
    assert [holds_text(film) for film in bare] == [False] * len(bare)
    assert [holds_text(with_words(film, "L", scale=1.0)) for film in bare] == [False] * len(bare)


@pytest.mark.parametrize("shape", [(1, 3, 3), (1, 40, 20), (3, 40, 40), (2, 24, 20, 22)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_images_without_words_of_any_kind_hold_none(shape: tuple[int, ...], dtype: type) -> None:
    noise = stream(0, "noise").integers(0, 200, shape)
    assert not holds_text(noise.astype(dtype))
    assert not holds_text(np.full(shape, 7, dtype))


def test_words_in_every_slice_of_a_volume_in_16_bits_are_seen() -> None:
    volume = np.zeros((1, 100, 160, 12), np.uint16)
    page = with_words(np.zeros((1, 100, 160), np.uint8), "PAT 4711")[0].astype(np.uint16) * 200
    volume[0] = page[..., None]
    assert holds_text(volume)


def test_films_of_a_hospital_are_seldom_taken_for_texts() -> None:
    folder = real_data("chest_xray")
    files = sorted(folder.rglob("*.jpeg"))[::150]
    films = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)[None] for file in files]
    assert np.mean([holds_text(film) for film in films]) <= 0.03
    marked = [holds_text(with_words(film, "SMITH JOHN 1965", scale=0.8)) for film in films]
    assert np.mean(marked) >= 0.7
