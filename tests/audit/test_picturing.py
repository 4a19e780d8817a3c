"""Do pairs lie on each other as they were moved, and is the copied part outlined?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from doppelscan.audit.inputs import Sets
from doppelscan.audit.outlining import overlap
from doppelscan.audit.picturing import FEWEST, MOST, align_pairs, pictured
from doppelscan.findings import AlignedPair, aligned_pairs
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.registration import AlignmentSettings, align
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
FILMS = textures(8, (1, 112, 112))


def aligned(drawn: Sequence[np.ndarray], real: Sequence[np.ndarray]) -> list[AlignedPair]:
    return align_pairs(ImageSet.from_arrays(np.stack(drawn)), ImageSet.from_arrays(np.stack(real)), RESOURCES)


def turned(film: np.ndarray, degrees: float) -> np.ndarray:
    return ndimage.rotate(film, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")


def in_a_box(part: np.ndarray, host: np.ndarray) -> np.ndarray:
    return np.concatenate([host[:, :56], np.concatenate([part[:, 56:, :56], host[:, 56:, 56:]], 2)], 1)


def in_a_rim(part: np.ndarray, host: np.ndarray) -> np.ndarray:
    host = host.copy()
    host[:, :12], host[:, -12:], host[..., :12], host[..., -12:] = (
        part[:, :12],
        part[:, -12:],
        part[..., :12],
        part[..., -12:],
    )
    return host


def in_a_spot(part: np.ndarray, host: np.ndarray) -> np.ndarray:
    host = host.copy()
    host[:, 56:80, 32:56] = part[:, 56:80, 32:56]
    return host


FILM, HOST = FILMS[0], FILMS[1]
ALIKE = 100 + 60 * np.sin(np.arange(112) / 20)[:, None] * np.cos(np.arange(112) / 27)
SLICES = [
    (ALIKE + np.random.default_rng(i).normal(0, 1, (1, 112, 112))).round().astype(np.uint8) for i in range(2)
]  # alike but for their grain
MADE = {  # a synthetic image, and the training image that it is laid onto
    "exact": (FILM, FILM),
    "mirrored": (FILM[:, :, ::-1], FILM),
    "inverted": (255 - FILM, FILM),
    "quarter turn": (np.rot90(FILM, axes=(1, 2)), FILM),
    "turned": (turned(FILM, 12), FILM),
    "shifted": (np.roll(FILM, 28, axis=2), FILM),
    "part": (in_a_box(FILM, HOST), FILM),
    "rim": (in_a_rim(FILM, HOST), FILM),
    "lesion": (in_a_spot(SLICES[0], SLICES[1]), SLICES[0]),
    "alike": (SLICES[1], SLICES[0]),
    "stranger": (FILMS[2], HOST),
}


@pytest.fixture(scope="module")
def made() -> dict[str, AlignedPair]:
    """All of these, aligned."""
    drawn, real = zip(*MADE.values(), strict=True)
    return dict(zip(MADE, aligned(drawn, real), strict=True))


def test_each_pair_says_how_it_was_moved(made: dict[str, AlignedPair]) -> None:
    said = {
        "exact": "as_it_is",
        "mirrored": "mirrored",
        "inverted": "inverted",
        "quarter turn": "turned_90",
        "shifted": "shifted_25",
        "part": "as_it_is",
    }
    assert {name: made[name].aligned_by for name in said} == said
    assert made["turned"].aligned_by.split()[0] == "turned_12"
    for name in ("exact", "mirrored", "inverted", "quarter turn"):
        image, training = MADE[name]
        assert made[name].score > 0.95
        laid = made[name].placement.laid(training)
        assert np.corrcoef(laid.ravel(), image.ravel())[0, 1] > 0.95


def test_only_a_copied_part_is_outlined(made: dict[str, AlignedPair]) -> None:
    assert [name for name, pair in made.items() if pair.part is not None] == ["part", "lesion"]
    for name, box in {"part": np.s_[56:, :56], "lesion": np.s_[56:80, 32:56]}.items():
        truth = np.zeros((112, 112), dtype=bool)
        truth[box] = True
        assert overlap(made[name], truth) > 0.6
    part = made["part"].part
    assert part is not None
    assert made["part"].agreement[part].mean() > 70
    assert made["part"].agreement[~part].mean() < 30
    assert made["exact"].agreement.mean() > 80
    assert made["stranger"].agreement.mean() < 30


def test_agreement_is_nothing_where_nothing_lies(made: dict[str, AlignedPair]) -> None:
    pair = made["shifted"]
    assert pair.overlap == pytest.approx(0.75, abs=0.02)
    assert (pair.agreement[:, :12] == 0).all()
    assert pair.agreement[:, 20:].mean() > 80


def test_a_pair_does_not_depend_on_its_company(made: dict[str, AlignedPair]) -> None:
    drawn, training = MADE["turned"]
    (alone,) = aligned([drawn], [training])
    np.testing.assert_array_equal(made["turned"].placement.matrix, alone.placement.matrix)
    np.testing.assert_array_equal(made["turned"].agreement, alone.agreement)
    assert made["turned"].score == alone.score


def test_numbers_put_an_image_where_an_alignment_does() -> None:
    films = textures(2, (1, 40, 48)).astype(np.float32)
    found = align(films[:1], films[1:], settings=AlignmentSettings(side=16, bending=1e-4))
    assert np.abs(found.controls).max() > 0.01
    matrix, offset, controls = (
        part[0].astype(np.float64) for part in (found.matrix, found.offset, found.controls)
    )
    placement = Placement(matrix, offset, controls)
    np.testing.assert_allclose(placement.laid(films[0]), found.warped(films[:1])[0], atol=0.05)
    np.testing.assert_array_equal(placement.inside((40, 48)), found.inside((40, 48))[0])


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
    pair = AlignedPair("s", "t", Placement(np.eye(2), np.zeros(2)), 1.0, 1.0, np.zeros((4, 4), np.int8), None)

    def counted(synthetic: ImageSet, train: ImageSet, resources: Resources) -> list[AlignedPair]:
        seen.extend(synthetic.table["id"])
        return [pair] * len(synthetic)

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
