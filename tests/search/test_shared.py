"""Parts that two images share: found where points say, told from what all patients have in common."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.search import ArrayBlocks
from doppelscan.search.shared import SmallFilms, shared_parts
from doppelscan.search.voting import KeypointMatches, match_keypoints
from doppelscan.settings import Resources
from textures import textures

RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
REFERENCES = textures(12)
PATIENTS = np.arange(12)


def small(pixels: np.ndarray) -> SmallFilms:
    return SmallFilms.of(ArrayBlocks(pixels), RESOURCES)


def parts(
    queries: np.ndarray, references: np.ndarray, patients: np.ndarray, k: int = 3
) -> tuple[KeypointMatches, np.ndarray]:
    found = match_keypoints(queries, references, k, resources=RESOURCES)
    return found, shared_parts(small(queries), small(references), found, patients, resources=RESOURCES)


def test_a_pasted_part_is_worth_more_than_any_stranger() -> None:
    host = textures(1, seed=1)[0]
    host[:, 30:78, 10:58] = REFERENCES[5][:, 20:68, 40:88]
    found, values = parts(np.stack([host, textures(1, seed=2)[0]]), REFERENCES, PATIENTS)
    assert found.indices[0, values[0].argmax()] == 5
    assert values[0].max() > 0.6
    assert np.nan_to_num(values[1]).max() < 0.4


def test_what_another_patient_shares_as_well_is_worth_nothing() -> None:
    twins = np.concatenate([REFERENCES, REFERENCES[[5]]])
    query = REFERENCES[[5]]
    _, apart = parts(query, twins, np.arange(13))
    assert apart.max() == pytest.approx(0, abs=1e-6)
    _, alike = parts(query, twins, np.append(PATIENTS, 5))
    assert alike.max() > 1


def test_an_inverted_copy_agrees_as_well() -> None:
    _, values = parts(255 - REFERENCES[[3]], REFERENCES, PATIENTS)
    assert values.max() > 1


def test_a_query_s_values_do_not_depend_on_the_others() -> None:
    queries = textures(5, seed=3)
    _, together = parts(queries, REFERENCES, PATIENTS)
    _, alone = parts(queries[[2]], REFERENCES, PATIENTS)
    assert np.array_equal(together[[2]], alone, equal_nan=True)


def test_without_candidates_there_is_no_value() -> None:
    nothing = KeypointMatches(
        np.full((1, 2), -1),
        np.full((1, 2), np.nan),
        np.zeros((1, 2), dtype=np.int64),
        np.full((1, 2, 2, 3), np.nan),
        np.zeros((1, 2), dtype=bool),
        np.zeros((1, 2), dtype=bool),
    )
    values = shared_parts(small(REFERENCES[:1]), small(REFERENCES), nothing, PATIENTS, resources=RESOURCES)
    assert np.isnan(values).all()


def test_small_films_lie_over_the_films_that_they_are_made_of() -> None:
    film = np.zeros((1, 1, 240, 330), dtype=np.uint8)
    film[0, 0, 100:120, 200:240] = 255
    films = small(film)
    assert films.shades.shape == (1, 81, 112)
    y, x = (np.mean(axis) for axis in np.nonzero(films.one(0) > 127))
    there = films.onto_pixels @ (x, y, 1)
    np.testing.assert_allclose(there[:2], (219.5, 109.5), atol=1.5)


@pytest.mark.parametrize("shape", [(3, 64, 96), (1, 20, 20), (5, 200, 130)])
def test_films_of_any_channels_and_shape_are_taken(shape: tuple[int, ...]) -> None:
    images = textures(4, shape=shape)
    found, values = parts(images, images, np.arange(4))
    assert values.shape == found.indices.shape
    assert np.array_equal(np.isnan(values), found.indices < 0)


def test_no_queries_have_no_values() -> None:
    found = match_keypoints(REFERENCES[:0], REFERENCES, 2, resources=RESOURCES)
    assert shared_parts(
        small(REFERENCES[:0]), small(REFERENCES), found, PATIENTS, resources=RESOURCES
    ).shape == (0, 2)
