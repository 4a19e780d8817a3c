"""A folder's own numbers say how images are shown to its network; none are guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doppelscan.encoders.looks import Look, look_of
from doppelscan.errors import InputError

COLOURS = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.3, 0.2, 0.1]}
MEAN, DEVIATION = (0.5, 0.4, 0.3), (0.3, 0.2, 0.1)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 256}},
            Look(224, MEAN, DEVIATION),
        ),
        ({"crop_size": 336, "size": 336, "resample": 3}, Look(336, MEAN, DEVIATION)),
        ({"size": {"shortest_edge": 518}, "resample": 2}, Look(518, MEAN, DEVIATION, "bilinear")),
        (
            {"crop_size": 224, "do_center_crop": False, "size": {"height": 98, "width": 98}},
            Look(98, MEAN, DEVIATION),
        ),
        ({"size": 28, "do_normalize": False}, Look(28, (0, 0, 0), (1, 1, 1))),
    ],
    ids=["cropped", "plain numbers", "shortest edge", "not cropped", "not normalised"],
)
def test_the_look_is_read(tmp_path: Path, config: dict[str, object], expected: Look) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(COLOURS | config))
    assert look_of(tmp_path) == expected


def test_the_file_of_transformers_5_is_read(tmp_path: Path) -> None:
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": COLOURS | {"size": 28}}))
    assert look_of(tmp_path) == Look(28, MEAN, DEVIATION)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"size": 28}', '{"size": {}, "do_normalize": false}'])
def test_what_says_too_little_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(InputError, match="does not say how images are shown"):
        look_of(tmp_path)


def test_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no preprocessor_config\.json"):
        look_of(tmp_path)
