"""Numbers of further measurements pass into the record, and names do not."""

from __future__ import annotations

from doppelscan.estimates import Estimate
from doppelscan.findings.membership import Attack, Difference, Membership, Told
from doppelscan.findings.quality import Measured, Quality
from doppelscan.findings.utility import Arm, Contrast, Utility
from doppelscan.release import stating

HALF = Estimate(0.5, 0.4, 0.6, 100)


def test_of_utility_what_images_add_is_told_with_generators_numbered() -> None:
    contrasts = tuple(
        Contrast("/home/jane/model", "real", group, 8.0, 4, HALF, 0.5, 0.5) for group in ("all", "sex=F")
    )
    found = Utility(
        *("probe", "pixels", "accuracy", ("a", "b"), 3, 20, 20, 30, 30, True),
        *((Arm("/home/jane/model", "generator", False),), (), contrasts, (), (), (), ()),
    )
    (number,) = stating.utility(found).numbers
    assert number.name == "accuracy by generator 1 over real with 8 real a class and 4 per real"
    assert number.value.value == 0.5


def test_of_quality_the_path_of_an_encoder_stays_at_home_and_what_was_not_measured_is_left_out() -> None:
    measured = (Measured("fid", HALF, HALF, HALF), Measured("kid", HALF, HALF, HALF, absent="too few"))
    found = Quality("/home/jane/inception.pth", 9, 100, 50, 100, 0, 0, True, measured, (), ())
    said = stating.quality(found)
    assert said.encoder == "pretrained"
    assert [one.name for one in said.numbers] == ["fid"]


def test_of_membership_the_decisive_attack_is_told() -> None:
    told = Told(HALF, Estimate.unknown(), Estimate.unknown())
    attack = Attack("samples", "samples", told, told)
    difference = Difference(HALF, 0.5, 99)
    found = Membership(*[1] * 9, True, difference, True, "", "samples", (attack,), (), {"path": "/home/jane"})
    assert stating.membership(found).auc_by_patient.value == 0.5
