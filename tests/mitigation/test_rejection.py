"""What an audit suspects is discarded and named; the rest is kept as it was drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calling import bytes_of
from cohorts import films, joined, noisy_copies
from doppelscan.audit import AuditSettings
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.mitigation import rejecting
from doppelscan.mitigation.rejection import DISCARDED
from doppelscan.settings import Resources
from doppelscan.store import read_table

HOW = AuditSettings(method="pearson", n_controls=5)
ONE = Resources(workers=1)


@pytest.fixture(scope="module")
def sets() -> tuple[ImageSet, ImageSet, ImageSet]:
    """Training films, held-out films, and samples of which the first five are copies."""
    train, holdout = films(60, each=2), films(60, first=100)
    copies = noisy_copies(train, [0, 10, 20, 30, 40], noise=2)
    novel = films(40, first=300)
    samples = joined(copies, novel.read(0, 40))
    table = samples.table.assign(seed=range(100, 145), generator="test")
    return train, holdout, ImageSet(table, samples.pixels, name="samples")


def test_copies_are_discarded_and_their_seeds_named(
    sets: tuple[ImageSet, ImageSet, ImageSet], tmp_path: Path
) -> None:
    train, holdout, samples = sets
    done = rejecting(samples, tmp_path / "out", train=train, holdout=holdout, settings=HOW, resources=ONE)
    gone = set(done.discarded["seed"])
    assert {100, 101, 102, 103, 104} <= gone
    assert len(gone) <= 5 + 8  # of 40 novel images about 2 have a p-value of at most 0.05
    assert done.discarded.loc[done.discarded["seed"] < 105, "copied"].all()
    kept = open_images(tmp_path / "out")
    assert set(kept.table["seed"]) == set(range(100, 145)) - gone
    first = int(kept.table["seed"].iloc[0])
    np.testing.assert_array_equal(kept[0].pixels, samples[first - 100].pixels)


def test_the_table_beside_the_samples_names_no_training_image(
    sets: tuple[ImageSet, ImageSet, ImageSet], tmp_path: Path
) -> None:
    train, holdout, samples = sets
    done = rejecting(samples, tmp_path / "out", train=train, holdout=holdout, settings=HOW, resources=ONE)
    read = read_table(tmp_path / "out" / "discarded.parquet", DISCARDED)
    pd.testing.assert_frame_equal(read, done.discarded, check_dtype=False)
    everything = b"".join(bytes_of(tmp_path / "out").values())
    assert not [name for name in train.table["id"] if name.encode() in everything]


def test_with_no_suspicion_only_what_is_flagged_goes(
    sets: tuple[ImageSet, ImageSet, ImageSet], tmp_path: Path
) -> None:
    train, holdout, samples = sets
    done = rejecting(
        samples, tmp_path / "out", train=train, holdout=holdout, settings=HOW, suspect=0.0, resources=ONE
    )
    assert done.discarded["copied"].all()
    assert len(done.discarded) == round(done.findings.copied.value * len(samples))


def test_where_nothing_may_stay_nothing_is_written(
    sets: tuple[ImageSet, ImageSet, ImageSet], tmp_path: Path
) -> None:
    train, holdout, samples = sets
    with pytest.raises(InputError, match="none of 5 samples may stay"):
        rejecting(
            samples.take(range(5)),
            tmp_path / "out",
            train=train,
            holdout=holdout,
            settings=HOW,
            resources=ONE,
        )
    assert not (tmp_path / "out").exists()


def test_a_share_that_is_none_is_refused(sets: tuple[ImageSet, ImageSet, ImageSet], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--suspect: 1 is no share"):
        rejecting(sets[2], tmp_path / "out", train=sets[0], suspect=1)
