"""Is what agrees light, what does not dark, what is beyond hatched, and the part outlined, on any image?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from doppelscan.findings import AlignedPair
from doppelscan.images import Image
from doppelscan.images.placement import Placement
from doppelscan.report.overlays import HATCHES, LINE, SCALE, AlignedPictures, aligned_pictures

RNG = np.random.default_rng(0)


def pair_of(
    space: tuple[int, ...], agreement: np.ndarray, part: np.ndarray | None = None, shift: float = 0.0
) -> AlignedPair:
    d = len(space)
    placement = Placement(np.eye(d), np.array([0.0] * (d - 1) + [shift]))
    return AlignedPair("drawn", "real", placement, 1.0, 1.0, agreement.astype(np.int8), part)


def drawn(
    pair: AlignedPair, shape: tuple[int, ...], dtype: type = np.uint8, *, outlined: bool = True
) -> AlignedPictures:
    synthetic, training = (Image(RNG.integers(0, 200, shape).astype(dtype)) for _ in range(2))
    return aligned_pictures(synthetic, training, pair, outlined=outlined, longest=512)


def lightness(shown: np.ndarray) -> np.ndarray:
    return np.asarray(shown @ np.array([0.2126, 0.7152, 0.0722]))


def cyan(shown: np.ndarray) -> np.ndarray:
    return np.asarray((shown == LINE).all(axis=-1))


def grid(n: int = 16, d: int = 2) -> np.ndarray:
    return np.zeros((n,) * d)


def test_the_more_agrees_the_lighter_it_is() -> None:
    rising = np.tile(np.linspace(0, 100, 16), (16, 1))
    flat = Image(np.full((1, 64, 64), 9, np.uint8))
    shown = aligned_pictures(flat, flat, pair_of((64, 64), rising), outlined=True, longest=512).agreement
    across = lightness(shown).mean(axis=0)
    assert (np.diff(across[::16]) > -1e-9).all()
    assert across[-1] > 4 * across[0]
    assert (np.diff(lightness(SCALE)) > 0).all()


def test_what_agrees_less_than_by_chance_is_like_what_does_not_agree() -> None:
    nothing, opposite = (
        aligned_pictures(
            Image(np.arange(64, dtype=np.uint8).reshape(1, 8, 8)),
            Image(np.arange(64, dtype=np.uint8).reshape(1, 8, 8)),
            pair_of((8, 8), np.full((8, 8), value)),
            outlined=False,
            longest=512,
        ).agreement
        for value in (0, -100)
    )
    np.testing.assert_array_equal(nothing, opposite)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_where_nothing_moves_the_training_image_is_shown_as_it_is(dtype: type) -> None:
    image = Image(RNG.integers(0, 200, (1, 32, 32)).astype(dtype))
    shown = aligned_pictures(image, image, pair_of((32, 32), grid()), outlined=True, longest=512)
    np.testing.assert_array_equal(shown.synthetic, shown.training)


def test_what_is_beyond_the_training_image_is_hatched() -> None:
    shown = drawn(pair_of((64, 64), grid(), shift=0.5), (1, 64, 64))
    for picture in (shown.training, shown.agreement):
        beyond, inside = picture[:, 200:], picture[:, :180]
        assert set(np.unique(beyond)) == set(HATCHES)
        assert not np.isin(inside, HATCHES).all(axis=-1).all()
    assert not np.isin(shown.synthetic[:, 200:], HATCHES).all()


@pytest.mark.parametrize("shape", [(1, 60, 60), (3, 60, 60), (2, 50, 70), (1, 20, 24, 18), (2, 16, 16, 16)])
def test_the_part_is_outlined_in_all_three_pictures_and_in_every_panel(shape: tuple[int, ...]) -> None:
    part = np.zeros((12,) * (len(shape) - 1), dtype=bool)
    part[(slice(3, 9),) * part.ndim] = True
    shown = drawn(pair_of(shape[1:], np.where(part, 100, 0), part), shape)
    lines = [cyan(picture) for picture in (shown.synthetic, shown.training, shown.agreement)]
    assert lines[0].any()
    for line in lines[1:]:
        np.testing.assert_array_equal(line, lines[0])
    columns, rows = lines[0].any(axis=0), lines[0].any(axis=1)
    n_panels = {3: (1, 1 if shape[0] == 3 else shape[0]), 4: (shape[0], 3)}[len(shape)]
    assert runs(rows) == n_panels[0]
    assert runs(columns) == n_panels[1]


def runs(marked: np.ndarray) -> int:
    """How many stretches of a line are marked."""
    return int((np.diff(np.concatenate([[0], marked.astype(int)])) == 1).sum())


def test_no_part_is_outlined_unless_it_is_asked_for_and_there_is_one() -> None:
    part = np.zeros((16, 16), dtype=bool)
    part[4:12, 4:12] = True
    with_part = pair_of((64, 64), grid(), part)
    assert not cyan(drawn(with_part, (1, 64, 64), outlined=False).agreement).any()
    assert not cyan(drawn(replace(with_part, part=None), (1, 64, 64)).agreement).any()


def test_the_line_lies_along_the_border_of_the_part() -> None:
    part = np.zeros((64, 64), dtype=bool)
    part[16:48, 16:48] = True
    line = cyan(drawn(pair_of((256, 256), np.zeros((64, 64)), part), (1, 256, 256)).synthetic)
    rows, columns = np.nonzero(line)
    assert {rows.min(), columns.min()} <= set(range(62, 70))
    assert {rows.max(), columns.max()} <= set(range(186, 194))
    assert not line[80:176, 80:176].any()


def test_a_part_that_reaches_the_border_is_outlined_there_too() -> None:
    part = np.zeros((16, 16), dtype=bool)
    part[:8] = True
    line = cyan(drawn(pair_of((64, 64), grid(), part), (1, 64, 64)).synthetic)
    assert line[:12, 4:-4].any(axis=0).all()


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 9, 9), (261, 261)),
        ((1, 300, 200), (512, 341)),
        ((1, 2000, 1000), (512, 256)),
        ((1, 1, 1), (256, 256)),
    ],
)
def test_small_images_are_enlarged_and_large_ones_shrunk(
    shape: tuple[int, ...], size: tuple[int, int]
) -> None:
    shown = drawn(pair_of(shape[1:], np.zeros((4, 4))), shape)
    assert shown.synthetic.shape[:2] == shown.training.shape[:2] == shown.agreement.shape[:2] == size


def test_pixels_that_are_not_square_are_stretched_alike() -> None:
    synthetic = Image(np.zeros((1, 100, 100), np.uint8))
    training = Image(np.zeros((1, 100, 100), np.uint8), spacing_mm=(2.0, 1.0))
    shown = aligned_pictures(synthetic, training, pair_of((100, 100), grid()), outlined=True, longest=512)
    assert shown.synthetic.shape == shown.training.shape == shown.agreement.shape
    assert shown.synthetic.shape[0] == 2 * shown.synthetic.shape[1]
