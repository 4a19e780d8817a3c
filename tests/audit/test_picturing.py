"""Do pairs lie on each other as they were moved, and is the copied part outlined?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from doppelscan.audit.inputs import Sets
from doppelscan.audit.picturing import FEWEST, MOST, align_pairs, pictured
from doppelscan.findings import AlignedPair, aligned_pairs
from doppelscan.imagesets import ImageSet
from doppelscan.registration import align
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
FILMS = textures(8, (1, 112, 112))


def aligned(drawn: list[np.ndarray], real: list[np.ndarray]) -> list[AlignedPair]:
    return align_pairs(ImageSet.from_arrays(np.stack(drawn)), ImageSet.from_arrays(np.stack(real)), RESOURCES)


def turned(film: np.ndarray, degrees: float) -> np.ndarray:
    return ndimage.rotate(film, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")


def in_a_box(part: np.ndarray, host: np.ndarray) -> np.ndarray:
    return np.concatenate([host[:, :56], np.concatenate([part[:, 56:, :56], host[:, 56:, 56:]], 2)], 1)


def test_each_pair_says_how_it_was_moved() -> None:
    film, other = FILMS[0], FILMS[1]
    drawn = [
        film,
        film[:, :, ::-1],
        255 - film,
        np.rot90(film, axes=(1, 2)),
        turned(film, 12),
        in_a_box(film, other),
    ]
    drawn = [np.ascontiguousarray(one) for one in drawn]
    pairs = aligned(drawn, [film] * len(drawn))
    assert [pair.aligned_by for pair in pairs[:4]] == ["as_it_is", "mirrored", "inverted", "turned_90"]
    assert pairs[4].aligned_by.split()[0] == "turned_12"
    assert pairs[5].aligned_by == "as_it_is"
    assert all(pair.score > 0.95 for pair in pairs[:5])
    for pair, image in zip(pairs[:4], drawn[:4], strict=True):
        assert np.corrcoef(pair.placement.laid(film).ravel(), image.ravel())[0, 1] > 0.95


def test_only_a_copied_part_is_outlined() -> None:
    film, other = FILMS[0], FILMS[1]
    whole, part, stranger = aligned([film, in_a_box(film, other), FILMS[2]], [film, film, other])
    assert whole.part is None
    assert stranger.part is None
    assert part.part is not None
    truth = np.zeros((64, 64), dtype=bool)
    truth[32:, :32] = True
    assert (part.part & truth).sum() / (part.part | truth).sum() > 0.7
    assert part.agreement[part.part].mean() > 70
    assert part.agreement[~part.part].mean() < 30
    assert whole.agreement.mean() > 80
    assert stranger.agreement.mean() < 30


def test_agreement_is_nothing_where_nothing_lies() -> None:
    film = FILMS[0]
    (pair,) = aligned([np.ascontiguousarray(np.roll(film, 28, axis=2))], [film])
    assert pair.aligned_by == "shifted_25"
    assert pair.overlap == pytest.approx(0.75, abs=0.02)
    assert (pair.agreement[:, :12] == 0).all()
    assert pair.agreement[:, 20:].mean() > 80


def test_a_pair_does_not_depend_on_its_company() -> None:
    drawn = [turned(FILMS[0], 7), FILMS[2], np.ascontiguousarray(FILMS[3][:, ::-1])]
    real = [FILMS[0], FILMS[1], FILMS[3]]
    together, apart = aligned(drawn, real), [aligned([d], [r])[0] for d, r in zip(drawn, real, strict=True)]
    for one, alone in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.placement.matrix, alone.placement.matrix)
        np.testing.assert_array_equal(one.agreement, alone.agreement)


def test_numbers_put_an_image_where_the_alignment_does() -> None:
    drawn, real = np.stack([turned(FILMS[0], 5), FILMS[2]]), FILMS[[0, 1]]
    found = align(real, drawn)
    for row, pair in enumerate(aligned(list(drawn), list(real))):
        again = align(real[row : row + 1], drawn[row : row + 1])
        np.testing.assert_array_equal(again.matrix[0], found.matrix[row])
        if pair.placement.bends:
            warped = found.take([row]).warped(real[row : row + 1])[0]
            np.testing.assert_allclose(pair.placement.laid(real[row].astype(np.float32)), warped, atol=0.05)


@pytest.mark.parametrize("shape", [(1, 20, 24, 18), (2, 16, 16, 16)])
def test_volumes_are_aligned_too(shape: tuple[int, ...]) -> None:
    volumes = textures(2, shape)
    pairs = aligned([volumes[0], volumes[0][:, ::-1].copy()], [volumes[0], volumes[0]])
    assert [pair.aligned_by for pair in pairs] == ["as_it_is", "mirrored"]
    assert pairs[0].agreement.ndim == 3
    assert pairs[0].agreement.mean() > 80


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((3, 60, 80), np.uint8), ((1, 100, 50), np.uint16), ((2, 70, 70), np.float32), ((1, 9, 12), np.uint8)],
)
def test_any_image_is_aligned(shape: tuple[int, ...], dtype: type) -> None:
    images = textures(2, shape).astype(dtype)
    same, flat = aligned([images[0], np.full(shape, 7, dtype)], [images[0], images[1]])
    assert same.aligned_by == "as_it_is"
    assert flat.part is None
    assert not flat.agreement.any()


def matches(n: int, copied: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "synthetic_id": [f"s{i}" for i in range(n)],
            "rank": 1,
            "train_id": [None if i == n - 1 else "000000" for i in range(n)],
            "p_value": np.linspace(0, 1, n),
            "statistic": 0.0,
            "score": 0.0,
            "copied": np.arange(n) < copied,
        }
    )


@pytest.mark.parametrize(
    ("n", "copied", "kept"), [(30, 3, FEWEST), (40, 30, 30), (120, 110, MOST), (1, 0, 0)]
)
def test_the_most_suspicious_pairs_are_pictured_and_not_too_many(
    n: int, copied: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def counted(synthetic: ImageSet, train: ImageSet, resources: Resources) -> list[AlignedPair]:
        seen.extend(synthetic.table["id"])
        return aligned([FILMS[0][:, :16, :16]], [FILMS[0][:, :16, :16]]) * len(synthetic)

    monkeypatch.setattr("doppelscan.audit.picturing.align_pairs", counted)
    films = np.repeat(FILMS[:1, :, :16, :16], n, axis=0)
    sets = Sets(
        ImageSet.from_arrays(films[:1]),
        ImageSet.from_arrays(films, pd.DataFrame({"id": [f"s{i}" for i in range(n)]})),
        None,
    )
    table = pictured(matches(n, copied), sets, RESOURCES, silent)
    assert len(table) == kept
    assert seen == [f"s{i}" for i in range(kept)]


def test_pairs_that_were_aligned_before_are_not_aligned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = Sets(
        ImageSet.from_arrays(FILMS[:1, :, :40, :40]),
        ImageSet.from_arrays(FILMS[[0, 1], :, :40, :40], pd.DataFrame({"id": ["s0", "s1"]})),
        None,
    )
    first = pictured(matches(2, 1), sets, RESOURCES, silent)
    monkeypatch.setattr("doppelscan.audit.picturing.align_pairs", None)
    again = pictured(matches(2, 1), sets, RESOURCES, silent)
    (one,), (other,) = aligned_pairs(first).values(), aligned_pairs(again).values()
    assert one.aligned_by == other.aligned_by
    np.testing.assert_array_equal(one.agreement, other.agreement)
