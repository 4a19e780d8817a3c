"""Chests differ; their vessels branch."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.thorax import draw_thorax
from doppelscan.seeds import stream

CHESTS = [draw_thorax(stream(0, "thorax", k)) for k in range(150)]


def test_every_vessel_but_a_trunk_begins_where_a_thicker_one_ends() -> None:
    thorax = CHESTS[0]
    trunks = thorax.calibres == thorax.calibres.max()
    for (start, _), calibre in zip(thorax.vessels[~trunks], thorax.calibres[~trunks], strict=True):
        thicker = thorax.vessels[thorax.calibres > calibre, 1]
        assert np.linalg.norm(thicker - start, axis=1).min() < 1e-6


def test_both_lungs_have_as_many_vessels() -> None:
    across = CHESTS[0].vessels[:, 0, 0]
    assert (across < 0).sum() == (across > 0).sum() == 7 * (1 + 2 + 4 + 8)


def test_the_arch_and_the_heart_widen_with_age_and_bones_thin() -> None:
    age = [thorax.age for thorax in CHESTS]
    for name, sign in (("knob", 1), ("heart", 1), ("bone", -1)):
        assert sign * np.corrcoef(age, [getattr(thorax, name) for thorax in CHESTS])[0, 1] > 0.2, name


def test_only_women_have_breasts() -> None:
    assert {thorax.sex for thorax in CHESTS if thorax.breast > 0} == {"F"}
    assert {thorax.sex for thorax in CHESTS if thorax.breast == 0} == {"M"}
