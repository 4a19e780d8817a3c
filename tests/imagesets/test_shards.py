"""Shards of one set, opened together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.imagesets import ImageSet, open_images, save


def shard(folder: Path, number: int, of: int, *, plan: str = "this") -> Path:
    """Two images whose pixels are the shard's number."""
    images = ImageSet.from_arrays(
        np.full((2, 1, 3, 4), number, np.uint8), pd.DataFrame({"id": [f"{number}-{i}" for i in range(2)]})
    )
    save(images, folder / f"shard-{number}-of-{of}")
    said = {"plan": plan, "generator": "g"}
    (folder / f"shard-{number}-of-{of}" / "samples.json").write_text(json.dumps(said))
    return folder


def test_shards_are_one_set_in_their_order(tmp_path: Path) -> None:
    for number in (10, 2, *range(3, 10), 1):
        shard(tmp_path, number, 10)
    whole = open_images(tmp_path)
    assert whole.read(0, 20)[:, 0, 0, 0].tolist() == [n for n in range(1, 11) for _ in range(2)]
    assert whole.table["id"][4] == "3-0"
    assert whole.name == str(tmp_path)


def test_what_is_missing_or_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    shard(tmp_path, 1, 3)
    with pytest.raises(InputError, match="shards 2, 3 are not there yet"):
        open_images(tmp_path)
    shard(tmp_path, 2, 3)
    shard(tmp_path, 3, 3, plan="another")
    with pytest.raises(InputError, match="shards of several plans or models"):
        open_images(tmp_path)
    (tmp_path / "shard-3-of-3" / "samples.json").write_text("{")
    with pytest.raises(FormatError, match=r"samples\.json cannot be read"):
        open_images(tmp_path)
    shard(tmp_path, 1, 2)
    with pytest.raises(InputError, match="holds shards of 2, 3"):
        open_images(tmp_path)


def test_a_folder_of_images_with_such_a_name_in_it_is_no_shard(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "shard-1-of-2").mkdir()
    Image.new("L", (4, 4), 9).save(tmp_path / "shard-1-of-2" / "a.png")
    assert list(open_images(tmp_path).table["label"]) == ["shard-1-of-2"]
