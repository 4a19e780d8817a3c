"""Every witness keeps one contract: it names the source of a copy, whatever company the query comes in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from cohorts import films, pixels_of
from doppelscan.audit.witnesses import Aligned, Correlated, Matcher, Points, Posed, Tiles, Witness
from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks, Neighbours
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures, turned

RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
PIXELS = textures(24)
SEEN = ImageSet.from_arrays(PIXELS, pd.DataFrame({"patient": [f"p{i // 2}" for i in range(24)]}))
WITNESSES = [
    Correlated(),
    Posed(16),
    Posed(64),
    Points(),
    Tiles(),
    Tiles.fine(),
    Aligned((Posed(64),)),
]


def asked(
    witness: Witness, queries: np.ndarray, k: int = 1, exclude: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[Neighbours, ...]:
    matcher = witness.against(SEEN, RESOURCES, silent)
    return matcher.named(ArrayBlocks(queries), k, exclude, RESOURCES, None)


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda w: w.kinds[0].name)
def test_each_kind_of_evidence_names_the_source_of_an_exact_copy(witness: Witness) -> None:
    found = asked(witness, PIXELS[[3, 10, 21]])
    assert len(found) == len(witness.kinds)
    for one in found:
        assert one.indices[:, 0].tolist() == [3, 10, 21]


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda w: w.kinds[0].name)
def test_what_is_said_of_a_query_does_not_depend_on_its_company(witness: Witness) -> None:
    queries = np.concatenate([PIXELS[[5, 6]], textures(6, seed=1)])
    together, alone = asked(witness, queries, k=2), asked(witness, queries[[4]], k=2)
    for many, one in zip(together, alone, strict=True):
        assert np.array_equal(many.indices[[4]], one.indices)
        assert np.array_equal(many.scores[[4]], one.scores, equal_nan=True)


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda w: w.kinds[0].name)
def test_a_patient_s_own_images_are_left_out(witness: Witness) -> None:
    patient = SEEN.patients
    for one in asked(witness, PIXELS[[4, 9]], exclude=(patient[[4, 9]], patient)):
        there = one.indices[one.indices >= 0]
        assert not np.isin(patient[there], patient[[4, 9]]).any()


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda w: w.kinds[0].name)
def test_a_constant_image_is_like_nobody(witness: Witness) -> None:
    flat = np.full((1, 1, 96, 96), 9, dtype=np.uint8)
    strangers = asked(witness, textures(4, seed=2))
    for one, others in zip(asked(witness, flat), strangers, strict=True):
        assert np.isnan(one.scores[0, 0]) or one.scores[0, 0] <= others.scores.max()


def test_witnesses_are_told_apart_by_their_keys() -> None:
    assert len({witness.key for witness in WITNESSES}) == len(WITNESSES)


def test_a_quarter_turn_and_a_mirror_are_seen_through_from_afar() -> None:
    copies = np.stack([np.rot90(PIXELS[8], axes=(1, 2)), PIXELS[2][:, :, ::-1]])
    (found,) = asked(Posed(16), np.ascontiguousarray(copies))
    assert found.indices[:, 0].tolist() == [8, 2]
    assert (found.scores[:, 0] > 0.999).all()


def test_points_are_recognised_in_a_turned_and_zoomed_copy() -> None:
    copy, _ = turned(PIXELS[7], 40, 1.2)
    points, _ = asked(Points(), np.stack([copy, textures(1, seed=3)[0]]))
    assert points.indices[0, 0] == 7
    assert points.scores[0, 0] > 10 * points.scores[1, 0]


def test_a_part_in_another_place_is_told_from_strangers() -> None:
    host, source = textures(1, seed=4)[0], PIXELS[11]
    host[:, 40:88, 40:88] = source[:, 10:58, 20:68]
    _, parts = asked(Points(), np.stack([host, textures(1, seed=5)[0]]))
    assert parts.indices[0, 0] == 11
    assert parts.scores[0, 0] > 0.6
    assert parts.scores[1, 0] < 0.4


def test_aligned_volumes_agree_with_their_source() -> None:
    rng = np.random.default_rng(0)
    volumes = ndimage.gaussian_filter(rng.normal(size=(6, 1, 16, 16, 16)), (0, 0, 2, 2, 2)).astype(np.float32)
    matcher = Aligned((Posed(12),)).against(ImageSet.from_arrays(volumes), RESOURCES, silent)
    (found,) = matcher.named(ArrayBlocks(volumes[:2, :, ::-1].copy()), 1, None, RESOURCES, None)
    assert found.indices[:, 0].tolist() == [0, 1]
    assert (found.scores[:, 0] > 0.9).all()


def test_points_of_a_set_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    images = films(5, side=96)
    first = asked_of(images)
    monkeypatch.setattr("doppelscan.audit.witnesses.points.extract_keypoints", None)
    again = asked_of(images)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.scores, other.scores, equal_nan=True)


def test_points_for_which_there_is_no_room_in_memory_say_the_same_from_a_file() -> None:
    little = Points().against(SEEN, Resources(memory=2**22, workers=1), silent)
    ample = Points().against(SEEN, RESOURCES, silent)
    assert [one.index.points.in_memory for one in (little, ample)] == [False, True]
    for one, other in zip(said(little), said(ample), strict=True):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.scores, other.scores)


def said(matcher: Matcher) -> tuple[Neighbours, ...]:
    queries = np.stack([turned(PIXELS[7], 40, 1.2)[0], textures(1, seed=3)[0], PIXELS[2]])
    return matcher.named(ArrayBlocks(queries), 3, None, RESOURCES, None)


def asked_of(images: ImageSet) -> tuple[Neighbours, ...]:
    return Points().against(images, RESOURCES, silent).named(images, 2, None, RESOURCES, None)


def test_films_of_one_patient_are_not_each_other_s_rivals_for_a_part() -> None:
    both = films(6, each=2, side=96)
    pixels = pixels_of(both)
    host = textures(1, shape=(1, 96, 96), seed=6)[0]
    host[:, 30:80, 30:80] = pixels[4][:, 30:80, 30:80]
    twice = ImageSet.from_arrays(
        np.concatenate([pixels, pixels[[4]]]),
        pd.DataFrame({"patient": [*both.table["patient"], both.table["patient"][4]]}),
    )
    apart = ImageSet.from_arrays(
        np.concatenate([pixels, pixels[[4]]]), pd.DataFrame({"patient": [*both.table["patient"], "another"]})
    )
    part_of_one, part_of_two = (
        Points()
        .against(images, RESOURCES, silent)
        .named(ArrayBlocks(host[None]), 1, None, RESOURCES, None)[1]
        for images in (twice, apart)
    )
    assert part_of_one.scores[0, 0] > part_of_two.scores[0, 0] + 0.2
