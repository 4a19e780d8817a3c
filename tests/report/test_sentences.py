import math
from dataclasses import replace

import pytest

from doppelscan.estimates import Estimate
from doppelscan.findings import Findings, RatesByTransform
from doppelscan.report.sentences import changed, limits, reservations, verdict, verdict_sentence


@pytest.fixture
def none_found(make_example) -> Findings:
    return make_example(n=1000).run.findings


@pytest.fixture
def some_found(make_example) -> Findings:
    return make_example(n=1000, copies=12).run.findings


def costs(findings: Findings) -> str:
    return " ".join(f"{one.what} {one.cost}" for one in reservations(findings))


def test_a_clean_powerful_audit_gives_a_clear_verdict(none_found: Findings) -> None:
    said = verdict(none_found)
    assert (said.state, said.headline) == ("clear", "No copies were found among 1,000 synthetic images.")
    (support,) = said.support
    assert support.startswith("An audit like this finds 94.0% (90.0% to 97.0%) of planted copies, so")
    assert support.endswith("so at most 0.40% of the images may be copies that it missed.")
    assert costs(none_found) == ""


def test_copies_are_counted_with_their_interval_and_the_patients_exposed(some_found: Findings) -> None:
    said = verdict(some_found)
    assert (said.state, said.label) == ("found", "Copies found")
    assert said.headline == (
        "12 of 1,000 synthetic images (1.2%; 95% interval 0% to 4.2%) copy an image of a patient. "
        "6 of 20 patients are exposed."
    )
    assert "false discovery rate is 5%" in said.support[1]


def test_one_copy_of_one_patient_is_said_in_the_singular(make_example) -> None:
    said = verdict(make_example(n=1, copies=1).run.findings)
    assert said.headline.startswith("1 of 1 synthetic image (100%")
    assert said.headline.endswith("copies an image of a patient. 1 of 20 patients is exposed.")


def test_nothing_judged_is_no_all_clear(none_found: Findings) -> None:
    assert verdict(replace(none_found, n_synthetic=0, copied=Estimate.unknown())).state == "open"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patients_known": False}, "pass for strangers"),
        ({"n_holdout": 0, "shift_controlled": False}, "A release needs a holdout"),
        ({"calibration": "dar"}, "about 5% of new images"),
        ({"calibration": "fixed"}, "No false discovery rate stands behind it"),
        ({"undefined_scores": 3}, "3 synthetic images could not be judged"),
    ],
)
def test_each_weakness_says_what_it_costs_and_takes_the_all_clear_away(
    none_found: Findings, change: dict, said: str
) -> None:
    weaker = replace(none_found, **change)
    assert said in costs(weaker)
    assert verdict(weaker).state == "open"


def test_identity_errors_give_the_result_both_ways(none_found: Findings, identity_error) -> None:
    weaker = replace(
        none_found,
        identity_errors=(identity_error,),
        copied_with_identity_errors=Estimate(0.02, 0.01, 0.03, 1000),
    )
    assert "1 pair of real images" in costs(weaker)
    assert "2.0% (1.0% to 3.0%) of the synthetic images would be flagged" in costs(weaker)


def test_an_audit_without_power_gives_no_all_clear(none_found: Findings) -> None:
    blind = replace(
        none_found,
        power=RatesByTransform(Estimate(0.1, 0.05, 0.2, 100), {}),
        copies_left=Estimate(0.0, 0.0, 0.6, 1000),
    )
    assert verdict(blind).state == "open"
    assert "too few to say how many it missed" in verdict(blind).support[0]
    unknown = replace(none_found, power=RatesByTransform(Estimate.unknown(), {}))
    assert "planted no copies" in verdict(unknown).support[0]
    assert "proves nothing" in costs(unknown)


def test_a_threshold_verdict_does_not_speak_of_copies(some_found: Findings) -> None:
    said = verdict(replace(some_found, calibration="dar"))
    assert said.label == "Images above the threshold"
    assert "lie above the threshold" in said.headline
    assert "copy" not in said.headline


def test_patients_who_are_not_known_are_counted_as_images(some_found: Findings) -> None:
    assert (
        "each image of unknown patient counts as one"
        in verdict(replace(some_found, patients_known=False)).headline
    )


def test_limits_name_the_transforms_that_were_missed_and_the_copies_too_rare_to_see(
    none_found: Findings,
) -> None:
    said = " ".join(limits(replace(none_found, least_detectable_copies=7)))
    assert "Copies changed by flip were mostly missed" in said
    assert "pixel by pixel" in said
    assert "Fewer than 7 equally evident copies" in said
    assert "Fewer than" not in " ".join(limits(none_found))


def test_no_sentence_shows_a_missing_number(none_found: Findings) -> None:
    unknown = replace(
        none_found,
        copies_left=Estimate.unknown(),
        copied_with_identity_errors=Estimate(math.nan, 0.0, 1.0, 0),
    )
    said = verdict(unknown)
    assert "nan" not in " ".join([said.headline, *said.support, costs(unknown)])


def test_the_verdict_fits_a_terminal(some_found: Findings) -> None:
    assert verdict_sentence(some_found).startswith("12 of 1,000 synthetic images")
    assert "planted copies" in verdict_sentence(some_found)
    assert "\n" not in verdict_sentence(some_found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("as_it_is", "as it is"),
        ("mirrored", "mirrored"),
        ("turned_-8 scaled_0.90", "turned by 8°, reduced to 0.90 of its size"),
        (
            "mirrored turned_90 scaled_1.12 stretched shifted_5 bent inverted",
            "mirrored, turned by 90°, enlarged 1.12 times, stretched, shifted by 5%, bent, black and white exchanged",
        ),
    ],
)
def test_what_became_of_a_training_image_is_said(words: str, said: str) -> None:
    assert changed(words) == said
