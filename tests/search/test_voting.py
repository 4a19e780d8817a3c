"""Are moved, mirrored and inverted copies named, and how they were moved told?"""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from doppelscan.encoders.keypoints import extract_keypoints
from doppelscan.errors import InputError
from doppelscan.search import ArrayBlocks
from doppelscan.search.voting import KeypointMatches, match_keypoints
from doppelscan.search.words import WordIndex
from doppelscan.settings import Resources
from realdata import real_data
from textures import textures, turned

AMPLE = Resources(memory=2**30, workers=1, device="cpu")
REFERENCES = textures(12)
NOVEL = textures(6, seed=1)


def noisy(image: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=image.shape) * deviation
    return np.clip(image + noise, 0, 255).astype(np.uint8)


CHANGES = {
    "as it is": lambda image: image,
    "mirrored": lambda image: image[..., ::-1],
    "upside down": lambda image: image[:, ::-1],
    "inverted": lambda image: 255 - image,
    "mirrored and inverted": lambda image: 255 - image[..., ::-1],
    "a quarter turn": lambda image: np.rot90(image, axes=(1, 2)),
    "turned and zoomed": lambda image: turned(image, 35.0, 1.3)[0],
    "gamma": lambda image: (255 * (image / 255) ** 1.6).astype(np.uint8),
    "noisy": lambda image: noisy(image, 8),
    "half of another": lambda image: np.concatenate([image[..., :48], NOVEL[0][..., 48:]], axis=2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_copy_is_named_and_scores_above_every_novel_image(change) -> None:  # type: ignore[no-untyped-def]
    copies = np.stack([np.ascontiguousarray(change(image)) for image in REFERENCES[:3]])
    found = match_keypoints(copies, REFERENCES, resources=AMPLE)
    novel = match_keypoints(NOVEL, REFERENCES, resources=AMPLE)
    assert found.indices[:, 0].tolist() == [0, 1, 2]
    assert found.scores[:, 0].min() > 3 * novel.scores[:, 0].max()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("invert", [False, True])
def test_the_transform_leads_from_the_query_to_the_reference(*, mirror: bool, invert: bool) -> None:
    moved, back = turned(REFERENCES[4], 20.0, 1.1)
    flip = np.array([[-1.0, 0, 95], [0, 1, 0], [0, 0, 1]]) if mirror else np.eye(3)
    moved = moved[..., ::-1] if mirror else moved
    moved = 255 - moved if invert else moved
    found = match_keypoints(np.ascontiguousarray(moved)[None], REFERENCES, 1, resources=AMPLE)
    corners = np.array([[20, 20, 1], [70, 20, 1], [40, 75, 1]]).T
    np.testing.assert_allclose(found.transforms[0, 0] @ corners, back @ flip @ corners, atol=1.5)
    assert (found.mirrored[0, 0], found.inverted[0, 0]) == (mirror, invert)
    assert found.inliers[0, 0] > 10


def test_images_of_the_querys_group_are_left_out() -> None:
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    found = match_keypoints(REFERENCES, REFERENCES, 12, exclude=(groups, groups), resources=AMPLE)
    for query in range(12):
        named = set(found.indices[query].tolist())
        assert named == {-1} | {i for i in range(12) if groups[i] != groups[query]}
    assert np.isnan(found.scores[found.indices < 0]).all()
    everybody = match_keypoints(REFERENCES, REFERENCES, resources=AMPLE)
    assert found.scores[:, 0].max() < everybody.scores[:, 0].min() / 3


def same(first: KeypointMatches, second: KeypointMatches) -> None:
    for name in ("indices", "scores", "inliers", "transforms", "mirrored", "inverted"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_query_gets_the_same_bytes_alone_in_any_block_and_on_any_number_of_threads() -> None:
    queries = np.concatenate([NOVEL, REFERENCES[:2]])
    whole = match_keypoints(queries, REFERENCES, resources=AMPLE)
    same(whole, match_keypoints(queries, REFERENCES, resources=Resources(2**22, 3, "cpu")))
    alone = match_keypoints(queries[6:7], REFERENCES, resources=AMPLE)
    np.testing.assert_array_equal(whole.scores[6:7], alone.scores)
    np.testing.assert_array_equal(whole.transforms[6:7], alone.transforms)


def test_points_and_an_index_made_before_give_the_same() -> None:
    index = WordIndex.of(extract_keypoints(ArrayBlocks(REFERENCES), resources=AMPLE))
    points = extract_keypoints(ArrayBlocks(NOVEL), resources=AMPLE)
    same(match_keypoints(points, index, resources=AMPLE), match_keypoints(NOVEL, REFERENCES, resources=AMPLE))


def test_candidates_come_best_first_each_once_and_only_as_many_as_there_are() -> None:
    found = match_keypoints(NOVEL, REFERENCES[:3], 5, resources=AMPLE)
    assert (np.diff(found.scores[:, :3]) <= 0).all()
    assert all(sorted(row.tolist()) == [-1, -1, 0, 1, 2] for row in found.indices)


def test_constant_images_match_nobody_and_one_reference_is_enough() -> None:
    flat = np.full_like(REFERENCES[:1], 9)
    found = match_keypoints(flat, REFERENCES, resources=AMPLE)
    assert not found.scores.any()
    assert np.isnan(found.transforms).all()
    assert match_keypoints(REFERENCES[:1], REFERENCES[:1], 1, resources=AMPLE).scores[0, 0] > 5
    assert match_keypoints(REFERENCES[:1], flat, 1, resources=AMPLE).scores[0, 0] == 0


@pytest.mark.parametrize(("m", "n"), [(0, 3), (2, 0), (0, 0)])
def test_empty_sides_have_no_matches(m: int, n: int) -> None:
    found = match_keypoints(NOVEL[:m], REFERENCES[:n], 2, resources=AMPLE)
    assert found.indices.tolist() == [[-1, -1]] * m


def test_progress_adds_up_to_all_pairs() -> None:
    told: list[int] = []
    match_keypoints(NOVEL, REFERENCES, resources=Resources(2**22, 1, "cpu"), progress=told.append)
    assert sum(told) == 6 * 12
    assert len(told) > 1


def test_all_that_does_not_fit_is_refused_at_once() -> None:
    groups = np.zeros(2, dtype=np.int64)
    with pytest.raises(InputError, match=r"k is 0.*\n.*groups of 2 and 2 images.*\n.*\(48, 96\).*--size"):
        match_keypoints(
            ArrayBlocks(NOVEL[:, :, :48]),
            ArrayBlocks(REFERENCES),
            0,
            exclude=(groups, groups),
            resources=AMPLE,
        )


def films(n: int) -> tuple[np.ndarray, np.ndarray]:
    """One chest film of each of n patients, half of them of a training set and half not."""
    folder = real_data("chest_xray")
    rows = pd.read_csv(folder / "images.csv", dtype=str).dropna(subset=["patient"]).drop_duplicates("patient")
    read = [cv2.imread(str(folder / file), cv2.IMREAD_GRAYSCALE) for file in rows["file"][: 2 * n]]
    pixels = np.stack(read)[:, None]
    return pixels[:n], pixels[n:]


def test_of_real_films_moved_mirrored_and_inverted_copies_stand_out_from_novel_films() -> None:
    train, novel = films(40)
    copies = np.stack([255 - turned(film[..., ::-1], 40.0, 1.2)[0] for film in train[:15]])
    found = match_keypoints(copies, train, resources=AMPLE)
    strangers = match_keypoints(novel, train, resources=AMPLE)
    assert found.indices[:, 0].tolist() == list(range(15))
    assert found.scores[:, 0].min() > 1.5 * strangers.scores[:, 0].max()
