"""Tables of public skin sets become labels and tones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.imagesets.skin_sets import open_ddi, open_fitzpatrick17k, parted


def picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), shade, np.uint8))


@pytest.fixture
def fitzpatrick(tmp_path: Path) -> Path:
    """Ten conditions; the first has nine images, the last none that is there."""
    rows = ["md5hash,fitzpatrick_scale,label,nine_partition_label,qc,url"]
    for condition in range(10):
        for n in range(9 - condition):
            name = f"{condition}f{n}"
            picture(tmp_path / "images" / f"{name}.jpg", 10 * condition + n)
            rows.append(f"{name},{n % 7 if n % 7 else -1},condition {condition},x,,http://")
    rows.append("absent,3,condition 9,x,,http://")
    (tmp_path / "fitzpatrick17k.csv").write_text("\n".join(rows))
    return tmp_path


def test_the_nine_most_frequent_conditions_are_kept(fitzpatrick: Path) -> None:
    images = open_fitzpatrick17k(fitzpatrick)
    assert set(images.table["label"]) == {f"condition {n}" for n in range(9)}
    assert set(images.table["skin_tone"].dropna()) == {"I", "II", "III", "IV", "V", "VI"}
    assert images.table["skin_tone"].isna().any()
    assert not images.table["patient"].notna().any()
    assert [one.where for one in images.unreadable] == ["absent"]


def test_conditions_can_be_named(fitzpatrick: Path) -> None:
    assert len(open_fitzpatrick17k(fitzpatrick, conditions=["condition 3"])) == 6
    with pytest.raises(InputError, match="condition 12"):
        open_fitzpatrick17k(fitzpatrick, conditions=["condition 12"])


def test_parts_hold_so_many_of_each_class_and_nothing_twice(fitzpatrick: Path) -> None:
    images = open_fitzpatrick17k(fitzpatrick, conditions=["condition 0", "condition 2"])
    parts = parted(images, per_class=2)
    for name in ("validation", "test"):
        assert parts[name].table["label"].value_counts().tolist() == [2, 2]
    ids = [i for part in parts.values() for i in part.table["id"]]
    assert sorted(ids) == sorted(images.table["id"])
    with pytest.raises(InputError, match="left to train on"):
        parted(images, per_class=4)


def test_ddi_tells_malignant_from_benign_by_tone(tmp_path: Path) -> None:
    rows = [",DDI_ID,DDI_file,skin_tone,malignant,disease"]
    for n, (tone, malignant) in enumerate([(12, True), (34, False), (56, True)]):
        picture(tmp_path / f"00000{n}.png", n)
        rows.append(f"{n},{n},00000{n}.png,{tone},{malignant},melanoma")
    (tmp_path / "ddi_metadata.csv").write_text("\n".join(rows))
    images = open_ddi(tmp_path)
    assert images.table["label"].tolist() == ["malignant", "benign", "malignant"]
    assert images.table["skin_tone"].tolist() == ["I-II", "III-IV", "V-VI"]


def test_what_is_absent_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fitzpatrick17k\.csv"):
        open_fitzpatrick17k(tmp_path)
    (tmp_path / "ddi_metadata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="DDI_file"):
        open_ddi(tmp_path)
