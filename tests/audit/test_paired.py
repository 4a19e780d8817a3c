"""The scores of named pairs are the correlations of the images that the names mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from doppelscan.audit.labelled import read_pairs
from doppelscan.audit.paired import paired_scores
from doppelscan.errors import InputError
from doppelscan.images.preparation import Preparation
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import silent


def films_in(folder: Path, n: int, side: int = 12) -> np.ndarray:
    pixels = stream(0, "films", side).integers(0, 256, (n, side, side)).astype(np.uint8)
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    for i, film in enumerate(pixels):
        Pillow.fromarray(film).save(folder / "sub" / f"{side}-{i}.png")
    return pixels


def scores(folder: Path, *pairs: tuple[str, str], memory: int = 2**30, size: int | None = None) -> np.ndarray:
    path = folder / "pairs.csv"
    path.write_text("first,second,label\n" + "".join(f"{a},{b},1\n" for a, b in pairs))
    preparation = Preparation() if size is None else Preparation(size=(size,))
    how = Resources(memory=memory, workers=1)
    return paired_scores(read_pairs(path), folder, preparation=preparation, resources=how, progress=silent)


@pytest.mark.parametrize("memory", [2**30, 1])
def test_scores_are_correlations_in_the_order_of_the_table(tmp_path: Path, memory: int) -> None:
    """However little memory there is."""
    pixels = films_in(tmp_path, 5)
    named = [(3, 1), (0, 4), (1, 3), (2, 2)]
    found = scores(tmp_path, *((f"sub/12-{a}.png", f"sub/12-{b}.png") for a, b in named), memory=memory)
    expected = [np.corrcoef(pixels[a].ravel(), pixels[b].ravel())[0, 1] for a, b in named]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found[3] == 1


def test_names_may_be_whole_paths_go_up_or_name_one_image_of_a_file(tmp_path: Path) -> None:
    home = tmp_path / "tables"
    pixels = films_in(home, 2)
    np.save(tmp_path / "many.npy", pixels)
    pairs = [(str(home / "sub/12-0.png"), "./sub/12-0.png"), ("../many.npy#1", "sub/../sub/12-1.png")]
    np.testing.assert_array_equal(scores(home, *pairs), [1, 1])


def test_a_constant_image_has_no_score(tmp_path: Path) -> None:
    films_in(tmp_path, 1)
    Pillow.fromarray(np.full((12, 12), 7, np.uint8)).save(tmp_path / "grey.png")
    found = scores(tmp_path, ("sub/12-0.png", "grey.png"), ("grey.png", "grey.png"), ("sub/12-0.png",) * 2)
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1])


def test_every_name_without_an_image_is_told_with_the_reason(tmp_path: Path) -> None:
    films_in(tmp_path, 2)
    (tmp_path / "empty.png").write_bytes(b"")
    np.save(tmp_path / "many.npy", np.zeros((2, 12, 12), np.uint8))
    pairs = [("none.png", "sub/12-0.png"), ("empty.png", "sub/12-1.png"), ("many.npy", "many.npy#9")]
    with pytest.raises(InputError) as refusal:
        scores(tmp_path, *pairs)
    assert {str(problem) for problem in refusal.value.problems} == {
        "none.png: there is no such file",
        "many.npy#9: is no image of its file",
        "empty.png: is empty",
        "many.npy: holds several images: name one as file#0",
    }


def test_images_of_several_shapes_need_a_size(tmp_path: Path) -> None:
    films_in(tmp_path, 1), films_in(tmp_path, 1, side=9)
    pair = ("sub/12-0.png", "sub/9-0.png")
    with pytest.raises(InputError, match="--size"):
        scores(tmp_path, pair)
    assert scores(tmp_path, pair, size=8).shape == (1,)
