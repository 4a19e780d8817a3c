"""Two ids of one person, found by pixels: what other methods measure and conclude must not rest on them again."""

from __future__ import annotations

import pandas as pd
import pytest

from doppelscan.audit import AuditSettings
from doppelscan.audit.evidence import Evidence, gather
from doppelscan.audit.inputs import Sets
from doppelscan.audit.learning import learnt
from doppelscan.audit.matching import References
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

RESOURCES = Resources(memory=2**28, workers=1, device="cpu")
SETTINGS = AuditSettings(effort="quick", n_controls=1, n_draws=2)
TWINS = frozenset({"p0", "p1"})


def films(n: int) -> ImageSet:
    """Films of n patients, of whom the first two are one person, and nearly one film."""
    pixels = textures(n)
    pixels[1] = pixels[0]
    pixels[1, :, :2, :2] += 9
    return ImageSet.from_arrays(pixels, pd.DataFrame({"patient": [f"p{i}" for i in range(n)]}))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    synthetic = ImageSet.from_arrays(textures(2, seed=2))
    return gather(Sets(films(24), synthetic, None), SETTINGS, resources=RESOURCES)


def test_they_are_told_once(evidence: Evidence) -> None:
    told = [frozenset({error.image_id, error.other_id}) for error in evidence.identity_errors]
    assert {error.patient for error in evidence.identity_errors} == TWINS
    assert len(told) == 2
    assert len(set(told)) == 1


def test_they_are_in_no_null(evidence: Evidence) -> None:
    (arm,) = evidence.clean.null.arms
    assert not TWINS & set(arm.images.table["patient"])
    assert TWINS & set(evidence.whole.null.arms[0].images.table["patient"])


def test_what_is_ordinary_is_not_told_from_them() -> None:
    references = References(films(6), None, RESOURCES, silent)
    assert references.numbers(TWINS).tolist() == [0, 1]
    assert not TWINS & learnt(references, TWINS, SETTINGS).measured


def test_what_is_ordinary_is_told_from_them_where_there_is_nobody_else() -> None:
    assert learnt(References(films(2), None, RESOURCES, silent), TWINS, SETTINGS).measured <= TWINS
