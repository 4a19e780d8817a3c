import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from doppelscan.errors import UnreadableImage
from doppelscan.findings import AlignedPair
from doppelscan.images import Image
from doppelscan.report.gallery import Panel, gallery
from doppelscan.report.names import Names
from doppelscan.report.pairs import Pair
from doppelscan.report.sources import Pictures

from .conftest import aligned_pair

PAIR = Pair("drawn", "real", "anna", 0.98, 1.5, 1e-5, "tail", 1e-3, copied=True)
ALIGNED = aligned_pair("drawn", "real", 2)
PLAIN = Names()
NEUTRAL = Names(True, {"anna": "patient 1"}, {"real": "real image 1"})


def shows(shape: tuple[int, ...]) -> Pictures:
    rng = np.random.default_rng(1)
    return lambda name: Image(rng.integers(0, 256, shape, dtype=np.uint8))


SQUARE = shows((1, 20, 20))


def fails(name: str) -> Image:
    raise UnreadableImage(f"no {name} here")


def never(name: str) -> Image:
    raise AssertionError(f"{name} was read")


def panels(
    pair: Pair = PAIR,
    names: Names = PLAIN,
    synthetic: Pictures = SQUARE,
    train: Pictures = SQUARE,
    aligned: AlignedPair | None = None,
) -> tuple[Panel, ...]:
    found = {} if aligned is None else {aligned.synthetic_id: aligned}
    return gallery([pair], names, synthetic=synthetic, train=train, aligned=found)[0].panels


def decoded(panel: Panel) -> np.ndarray:
    head, _, content = panel.source.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(content))))


def test_a_match_shows_both_images_and_their_difference() -> None:
    assert [panel.caption for panel in panels()] == ["synthetic", "training", "difference"]
    assert [decoded(panel).shape for panel in panels()] == [(20, 20, 3)] * 3


def test_a_match_tells_its_verdict_and_numbers() -> None:
    (match,) = gallery([PAIR], Names(), synthetic=shows((1, 8, 8)), train=shows((1, 8, 8)), aligned={})
    assert (match.synthetic, match.training, match.patient, match.verdict, match.flagged) == (
        "drawn",
        "real",
        "anna",
        "copied",
        True,
    )
    assert dict(match.facts) == {
        "score": "0.98",
        "statistic": "1.5",
        "p-value": "1e-05 (beyond the null)",
        "q-value": "0.001",
    }


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"copied": False}, "not flagged"),
        ({"p_kind": "identical"}, "copied: same pixels"),
        ({"copied": False, "p_kind": "undefined"}, "not judged"),
    ],
)
def test_the_verdict_is_said_in_words(change: dict, verdict: str) -> None:
    (match,) = gallery([replace(PAIR, **change)], Names(), synthetic=fails, train=fails, aligned={})
    assert match.verdict == verdict


def test_pictures_have_texts_for_who_cannot_see_them() -> None:
    assert "drawn" in panels()[0].alt
    assert "real" in panels()[1].alt
    assert "anna" in panels()[1].alt
    assert panels()[2].alt


def test_an_image_that_cannot_be_had_is_replaced_by_the_reason() -> None:
    left, right, difference = panels(train=fails)
    assert left.source
    assert (right.source, right.blank) == ("", "no real here")
    assert (difference.source, difference.blank) == ("", "It needs both images.")


def test_images_of_different_shape_have_no_difference() -> None:
    assert panels(train=shows((1, 20, 21)))[2].blank == "The images differ in shape."


def test_an_image_without_a_match_says_so() -> None:
    left, right, _ = panels(replace(PAIR, train_id=None, patient=None))
    assert left.source
    assert right.blank == "There is no match."


def test_redaction_reads_no_training_image_and_no_flagged_synthetic_one() -> None:
    shown = panels(names=NEUTRAL, synthetic=never, train=never)
    assert [panel.source for panel in shown] == ["", "", ""]
    assert all("ithheld" in panel.blank for panel in shown)
    assert all("anna" not in panel.alt for panel in shown)


def test_redaction_shows_synthetic_images_that_are_not_flagged() -> None:
    left, right, difference = panels(replace(PAIR, copied=False), NEUTRAL, train=never)
    assert left.source
    assert (right.source, difference.source) == ("", "")


def test_volumes_are_three_slices_side_by_side_and_stacked() -> None:
    (match,) = gallery(
        [PAIR], Names(), synthetic=shows((1, 12, 14, 10)), train=shows((1, 12, 14, 10)), aligned={}
    )
    assert match.wide
    assert all(decoded(panel).shape[1] >= 12 + 12 + 14 for panel in match.panels)


def test_large_images_are_shrunk() -> None:
    assert decoded(panels(synthetic=shows((1, 900, 700)))[0]).shape[:2] == (512, 398)


def test_a_constant_image_is_shown() -> None:
    flat = lambda name: Image(np.full((1, 9, 9), 7, np.uint8))  # noqa: E731
    assert all(panel.source for panel in panels(synthetic=flat, train=flat))


def test_an_aligned_match_shows_the_training_image_laid_onto_it_and_where_they_agree() -> None:
    shown = panels(aligned=ALIGNED)
    assert [panel.caption for panel in shown] == ["synthetic", "training, aligned", "agreement"]
    assert all(panel.source and panel.alt for panel in shown)
    assert "shifted by 10%" in shown[1].alt
    assert (
        "in 27.8% of what they share" in shown[2].alt
    )  # a quarter of the image, nine tenths of which is shared
    assert len({decoded(panel).shape for panel in shown}) == 1


def test_only_a_flagged_image_has_its_part_outlined_and_it_says_how_much() -> None:
    outlined, plain = panels(aligned=ALIGNED), panels(replace(PAIR, copied=False), aligned=ALIGNED)
    assert all("outlined" in panel.alt for panel in outlined)
    assert all("outlined" not in panel.alt for panel in plain)
    for one, other in zip(outlined, plain, strict=True):
        assert (decoded(one) != decoded(other)).any()
    match, other = gallery(
        [PAIR, replace(PAIR, copied=False)],
        PLAIN,
        synthetic=SQUARE,
        train=SQUARE,
        aligned={"drawn": ALIGNED},
    )
    assert match.alignment == (("aligned", "shifted by 10%"), ("outlined", "25.0% of the image"))
    assert other.alignment == (("aligned", "shifted by 10%"),)


@pytest.mark.parametrize(
    "change",
    [
        {"aligned": replace(ALIGNED, train_id="another")},
        {"aligned": aligned_pair("drawn", "real", 3)},
        {"aligned": ALIGNED, "train": shows((1, 20, 21))},
    ],
    ids=["another match", "another number of axes", "another shape"],
)
def test_an_alignment_of_other_images_is_not_used(change: dict) -> None:
    assert [panel.caption for panel in panels(**change)] == ["synthetic", "training", "difference"]


def test_redaction_reads_no_image_of_an_aligned_match_either() -> None:
    shown = panels(names=NEUTRAL, synthetic=never, train=never, aligned=ALIGNED)
    assert [panel.source for panel in shown] == ["", "", ""]


def test_an_aligned_match_whose_training_image_is_gone_says_so() -> None:
    left, right, third = panels(train=fails, aligned=ALIGNED)
    assert left.source
    assert (right.blank, third.blank) == ("no real here", "It needs both images.")
