"""A name that is not known is answered with what there is, the likeliest first."""

from __future__ import annotations

import pytest

from doppelscan.meant import near, one_of

SETTINGS = ["training.batch", "training.n_images", "steps"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("n_image", "training.n_images"),
        ("batsh", "training.batch"),
        ("training.batsh", "training.batch"),
        ("step", "steps"),
    ],
)
def test_the_nearest_is_named_also_by_its_last_part(said: str, meant: str) -> None:
    assert one_of(said, SETTINGS) == f"did you mean {meant}? one of {', '.join(SETTINGS)}"


def test_where_nothing_is_near_all_are_named() -> None:
    assert one_of("colour", SETTINGS) == "one of training.batch, training.n_images, steps"
    assert near("--fit", ["--out"]) == []
