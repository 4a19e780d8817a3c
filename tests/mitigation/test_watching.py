"""A training that is watched ends as one that is not, and tells when it copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohorts import films
from doppelscan.audit import AuditSettings
from doppelscan.errors import InputError
from doppelscan.estimates import Estimate
from doppelscan.generators import Keeping, changed, family_named, fit
from doppelscan.generators.checkpoints import checkpoints_of, spare
from doppelscan.mitigation import Look, Watching, looks_at, watched
from doppelscan.mitigation.looks import write_looks
from doppelscan.report import write_watch_figure

SETTINGS = changed(
    family_named("ddpm").presets["tiny"],
    ["channels=8,8", "attention=false,false", "head_channels=8", "batch=4", "n_images=16", "sampler_steps=2"],
)
KEEPING = Keeping(marks=4, last=1, grid=0)
FEW = Watching(samples=6, audit=AuditSettings(method="pearson", n_controls=2))


def weights(model: Path) -> bytes:
    return (checkpoints_of(model)[-1].folder / "state.safetensors").read_bytes()


def look(seen: int, copied: float, frechet: float, half: float = 0.01) -> Look:
    share = Estimate(copied, max(copied - half, 0), copied + half, 100)
    return Look(seen, share, share, Estimate(frechet, frechet - 1, frechet + 1, 100))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A training without, and one with watching."""
    folder = tmp_path_factory.mktemp("watched")
    images, held = films(8, side=12), films(8, first=50, side=12)
    fit(images, SETTINGS, out=folder / "plain", holdout=held, keeping=KEEPING)
    out = folder / "watched"
    keeping = watched(KEEPING, out=out, settings=SETTINGS, images=images, holdout=held, watching=FEW)
    fit(images, SETTINGS, out=out, holdout=held, keeping=keeping)
    return folder / "plain", out


def test_watching_changes_no_weight(trained: tuple[Path, Path]) -> None:
    plain, seen = trained
    assert weights(plain) == weights(seen)


def test_each_mark_is_looked_at(trained: tuple[Path, Path]) -> None:
    looks, _ = looks_at(trained[1])
    assert [one.seen for one in looks] == [4, 8, 12, 16]
    assert all(one.copied.n == 6 for one in looks)
    assert all(one.frechet.low < one.frechet.value < one.frechet.high for one in looks)


def test_a_mark_that_a_killed_training_left_is_looked_at_first(trained: tuple[Path, Path]) -> None:
    out = trained[1]
    looks, _ = looks_at(out)
    write_looks(out, looks[:-1])
    images, held = films(8, side=12), films(8, first=50, side=12)
    watched(KEEPING, out=out, settings=SETTINGS, images=images, holdout=held, watching=FEW)
    assert looks_at(out)[0] == looks


def test_the_curve_is_a_picture(trained: tuple[Path, Path]) -> None:
    assert write_watch_figure(trained[1]).read_bytes().startswith(b"\x89PNG")


def test_the_best_is_the_nearest_to_real_images_that_copies_little(tmp_path: Path) -> None:
    write_looks(tmp_path, [look(4, 0.0, 90), look(8, 0.01, 40), look(12, 0.2, 10)])
    looks, best = looks_at(tmp_path, 0.05)
    assert [one.seen for one in looks] == [4, 8, 12]
    assert best is not None
    assert best.seen == 8


def test_an_interval_that_reaches_above_the_limit_is_not_little(tmp_path: Path) -> None:
    write_looks(tmp_path, [look(4, 0.0, 90, half=0.04), look(8, 0.01, 40, half=0.06)])
    _, best = looks_at(tmp_path, 0.05)
    assert best is not None
    assert best.seen == 4
    assert looks_at(tmp_path, 0.01)[1] is None


def test_a_model_nobody_looked_at_has_no_looks(tmp_path: Path) -> None:
    assert looks_at(tmp_path) == ([], None)


def test_a_spared_checkpoint_outlives_the_others(tmp_path: Path) -> None:
    def at_mark(seen: int) -> None:
        found = {one.seen: one for one in checkpoints_of(tmp_path)}
        spare(tmp_path, found.get(8))

    fit(films(8, side=12), SETTINGS, out=tmp_path, keeping=Keeping(marks=4, last=1, grid=0, at_mark=at_mark))
    assert [one.seen for one in checkpoints_of(tmp_path)] == [8, 16]


@pytest.mark.parametrize(("samples", "most"), [(1, 0.05), (10, 0.0), (10, 1.5)])
def test_what_cannot_be_watched_for_is_refused(samples: int, most: float) -> None:
    with pytest.raises(InputError):
        Watching(samples=samples, most_copied=most)
