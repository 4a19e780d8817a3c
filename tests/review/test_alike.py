"""Controls lie on their training images as the audit's matches do: nobody tells them apart by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from doppelscan.audit.picturing import aligned
from doppelscan.errors import UnreadableImage
from doppelscan.findings import AlignedPair, alignments_of
from doppelscan.images import Image
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.review.alike import laid_alike
from doppelscan.review.desk import Desk
from doppelscan.review.images import Images
from doppelscan.review.queue import QueuedPair
from doppelscan.review.verdicts import PairKey, Verdicts
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

SIDE = 16
VOLUMES = textures(3, (1, SIDE, SIDE, SIDE))
HELD = textures(1, (1, SIDE, SIDE, SIDE), seed=1)[0]
SHIFT = Placement(np.eye(3), np.array([0.3, 0.0, 0.0]))
MATCHED = PairKey("s0", "t0")
CONTROLS = (
    QueuedPair(PairKey("t1 flip", "t1", "copy"), "planted", "flip"),
    QueuedPair(PairKey("h0", "t2", "novel"), "holdout"),
)
QUEUE = (QueuedPair(MATCHED), *CONTROLS, QueuedPair(PairKey("s1", "t2")))


def known() -> pd.DataFrame:
    """A run that aligned the first match alone."""
    nowhere = np.zeros((4, 4, 4), dtype=np.int8)
    return alignments_of([AlignedPair("s0", "t0", SHIFT, 0.9, 1.0, nowhere, None)])


def images() -> Images:
    """Two synthetic volumes, three training volumes, one held-out volume."""
    there = {f"t{k}": Image(volume) for k, volume in enumerate(VOLUMES)}
    there |= {"s0": Image(VOLUMES[0]), "s1": Image(HELD), "h0": Image(HELD)}

    def found(name: str) -> Image:
        if name not in there:
            raise UnreadableImage("is gone")
        return there[name]

    return Images(found, found, found, seed=0)


def by_the_audit(first: ImageSet, training: ImageSet) -> pd.DataFrame:
    return aligned(first, training, Resources(workers=1), silent, work="aligning")


def never(first: ImageSet, training: ImageSet) -> pd.DataFrame:
    raise AssertionError("nothing is to be aligned")


def test_controls_of_volumes_are_laid_by_the_audits_own_alignment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path))
    laid = laid_alike(QUEUE, images(), known(), by_the_audit)
    assert list(laid) == [pair.key for pair in QUEUE]
    assert np.array_equal(laid[MATCHED].offset, SHIFT.offset)
    desk = Desk(QUEUE, images(), laid, Verdicts(tmp_path))
    views = [desk.view(pair["id"]) for pair in desk.progress("Ada")]
    assert [view.described()["moved"] for view in views] == [True] * 4
    desk.close()
    copy = next(pair for pair in QUEUE if pair.key.control == "copy")
    mirrored, source = images()(copy)
    assert laid[copy.key].described() != "as_it_is"
    assert likeness(mirrored.pixels, laid[copy.key].laid(source.pixels)) > 0.95
    assert likeness(mirrored.pixels, source.pixels) < 0.5


@pytest.mark.slow
def test_a_pair_is_laid_alike_whatever_pairs_it_comes_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path))
    together = laid_alike(QUEUE, images(), known(), by_the_audit)
    for pair in QUEUE[1:]:
        alone = laid_alike((pair,), images(), known(), by_the_audit)[pair.key]
        assert alone.described() == together[pair.key].described()
        assert np.array_equal(alone.matrix, together[pair.key].matrix)


def test_what_the_run_aligned_is_not_aligned_again() -> None:
    laid = laid_alike(QUEUE[:1], images(), known(), never)
    assert list(laid) == [MATCHED]


def test_where_the_run_aligned_nothing_nothing_is() -> None:
    assert laid_alike(QUEUE, images(), known().head(0), never) == {}


def test_an_alignment_with_another_image_is_not_taken() -> None:
    other = (QueuedPair(PairKey("s0", "t1")),)
    with pytest.raises(AssertionError, match="nothing is to be aligned"):
        laid_alike(other, images(), known(), never)


def test_a_pair_that_cannot_be_read_is_left_out() -> None:
    assert laid_alike((QueuedPair(PairKey("gone", "t1")),), images(), known(), never) == {}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    inner = (slice(None), *(slice(3, -3) for _ in range(3)))
    return float(np.corrcoef(a[inner].ravel().astype(float), b[inner].ravel().astype(float))[0, 1])
