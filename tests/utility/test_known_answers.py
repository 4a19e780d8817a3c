"""Three generators whose worth is known: new patients, copies of granted ones, labels that are chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from doppelscan.findings.utility import Contrast, Utility
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.utility import Duplicated, Given, UtilitySettings, utility
from lesions import nearly, relabelled

SIZES = (4, 8, 32)
pytestmark = pytest.mark.slow  # half a minute of one core


@dataclass(frozen=True)
class Copycat:
    """A generator that has memorized all it saw."""

    name: str = "copycat"
    refitted: bool = True
    fingerprint: str = "copycat"

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        again = Duplicated().make(granted, counts, seed)
        images = nearly(again)
        return ImageSet(images.table.assign(source_id=again.table["source_id"]), images.pixels)


@pytest.fixture(scope="module")
def found(module_cache: None, real: ImageSet, test: ImageSet, fresh: ImageSet) -> Utility:
    settings = UtilitySettings(
        real_per_class=SIZES,
        synthetic_per_real=(2,),
        n_seeds=8,
        augmented=False,
        synthetic_alone=False,
        n_draws=200,
    )
    makers = [
        Given(fresh, "new patients", refitted=True),
        Copycat(),
        Given(relabelled(fresh), "noise", refitted=True),
    ]
    return utility(real=real, test=test, makers=makers, settings=settings, resources=Resources(workers=1))


def over(found: Utility, arm: str, against: str) -> dict[float, Contrast]:
    return {
        c.real_per_class: c for c in found.contrasts if (c.arm, c.against, c.group) == (arm, against, "all")
    }


@pytest.mark.parametrize("against", ["real", "duplicated"])
def test_new_patients_help(found: Utility, against: str) -> None:
    gains = over(found, "new patients", against)
    assert all(gains[size].difference.low > 0 for size in (4, 8))
    assert all(gains[size].difference.value > 0 for size in SIZES)
    assert gains[4].q_value < 0.05


def test_a_new_patient_is_worth_about_one_real_one(found: Utility) -> None:
    each = {w.real_per_class: w.each for w in found.worths if w.arm == "new patients"}
    for size in (4, 8):
        assert each[size].low > 0, "worth nothing is excluded"
        assert each[size].low <= 1 <= each[size].high
        assert 0.3 < each[size].value < 3


@pytest.mark.parametrize("size", SIZES)
def test_copies_add_nothing_to_duplicates(found: Utility, size: int) -> None:
    difference = over(found, "copycat", "duplicated")[size].difference
    gain = over(found, "new patients", "duplicated")[size].difference
    assert difference.low <= 0.01
    assert difference.high < 0.03, "a gain worth having is excluded"
    assert difference.value < gain.value


@pytest.mark.parametrize("size", [8, 32])
def test_labels_that_are_chance_do_harm(found: Utility, size: int) -> None:
    harm = over(found, "noise", "real")[size]
    assert harm.difference.high < 0
    assert harm.q_value < 0.05
    worth = next(w for w in found.worths if (w.arm, w.real_per_class) == ("noise", size))
    assert worth.equivalent.high < 0


def test_copies_lie_on_their_sources_and_new_patients_as_far_as_real_ones(found: Utility) -> None:
    near = {one.arm: one for one in found.parents}
    assert near["copycat"].to_source.high < 0.2 * near["copycat"].real_to_real.low
    fresh = near["new patients"]
    assert 0.8 * fresh.real_to_real.low < fresh.nearest.value < 1.3 * fresh.real_to_real.high
    assert not fresh.to_source.known
