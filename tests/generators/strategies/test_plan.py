"""How many images of what, in which shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doppelscan.errors import InputError, UnreadableImage
from doppelscan.generators import Model, Plan, Quota, Shard, drawn_pixels, fit, planned, sample_plan
from doppelscan.generators.strategies.plan import parse_shard, read_plan
from doppelscan.images import Image
from doppelscan.imagesets import ImageSet, open_images

from ..small import QUIET, pictures, settings

SHAPE = (1, 8, 8)
PLAN = Plan(
    (
        Quota(5, "text", "low"),
        Quota(4, "inpaint", "high", (("tone", "V"),)),
        Quota(3, "image-to-image"),
    )
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("model")
    chosen = settings("ddpm", "conditional=true", "n_images=8", "sampler_steps=2")
    return fit(pictures(SHAPE), chosen, out=out / "model", keeping=QUIET)


def sources() -> ImageSet:
    images = pictures(SHAPE)
    return ImageSet(images.table.assign(tone=["V", "V", "I"] * 4), images.pixels)


def test_toml_and_tables_say_the_same(tmp_path: Path) -> None:
    toml, csv = tmp_path / "plan.toml", tmp_path / "plan.csv"
    toml.write_text(
        '[[quota]]\nn = 5\nlabel = "low"\n'
        '[[quota]]\nn = 4\nstrategy = "inpaint"\nlabel = "high"\ntone = "V"\n'
        '[[quota]]\nn = 3\nstrategy = "image-to-image"\n'
    )
    csv.write_text("strategy,label,tone,n\n,low,,5\ninpaint,high,V,4\nimage-to-image,,,3\n")
    assert read_plan(toml) == read_plan(csv) == PLAN
    assert PLAN.n_images == 12


def test_all_that_is_wrong_with_a_plan_is_said_at_once(tmp_path: Path) -> None:
    csv, toml = tmp_path / "plan.csv", tmp_path / "plan.toml"
    csv.write_text("strategy,n\noverpaint,3\ntext,many\n")
    with pytest.raises(InputError, match=r"(?s)quota 1: strategy 'overpaint'.*quota 2: n is 'many'"):
        read_plan(csv)
    toml.write_text("quotas = 3")
    with pytest.raises(InputError, match="is no plan"):
        read_plan(toml)
    with pytest.raises(InputError, match="has no quota"):
        Plan(())
    with pytest.raises(InputError, match="has 2 quotas of text/low"):
        Plan((Quota(1, label="low"), Quota(2, label="low")))


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no shard"):
        parse_shard(text)


def test_an_image_stays_the_same_when_its_quota_grows_or_others_join() -> None:
    more = Quota(9, "inpaint", "high", (("tone", "V"),)).seeds(0)
    assert more[:4] == PLAN.quotas[1].seeds(0)
    assert len({*more, *PLAN.quotas[0].seeds(0), *Quota(9, "inpaint", "high").seeds(0)}) == 9 + 5 + 9
    assert more != Quota(9, "inpaint", "high", (("tone", "V"),)).seeds(1)


def test_shards_together_are_the_plan_image_by_image(model: Model, tmp_path: Path) -> None:
    whole = sample_plan(model, PLAN, tmp_path / "whole", sources=sources())
    assert list(whole.table["strategy"]) == ["text"] * 5 + ["inpaint"] * 4 + ["image-to-image"] * 3
    assert set(whole.table["label"][:5]) == {"low"}
    assert list(whole.table["source_id"][5:9]) == ["000001", "000003", "000007", "000009"]
    assert whole.table["id"][5] == "inpaint/high/V/00000000"
    for number in (2, 1, 3):
        if number == 3:
            with pytest.raises(InputError, match="shards 3 are not there yet"):
                open_images(tmp_path / "parts")
        sample_plan(model, PLAN, tmp_path / "parts", sources=sources(), shard=Shard(number, 3))
    together = open_images(tmp_path / "parts")
    order = together.positions(list(whole.table["id"]))
    np.testing.assert_array_equal(together.take(order).read(0, 12), whole.read(0, 12))
    alone = model.sample([int(whole.table["seed"][2])])
    assert str(alone.table["generator"][0]) == whole.table["generator"][0]


def test_the_manifest_says_what_was_drawn_and_how_fast(model: Model, tmp_path: Path) -> None:
    sample_plan(model, PLAN, tmp_path / "out", sources=sources())
    before = (tmp_path / "out" / "samples.json").read_bytes()
    said = json.loads(before)
    assert (said["n_asked"], said["n_drawn"], said["failed"], said["shard"]) == (12, 12, [], [1, 1])
    assert [quota["n"] for quota in said["plan"]["quotas"]] == [5, 4, 3]
    assert said["images_a_second"] == pytest.approx(12 / said["seconds"], rel=0.1)
    sample_plan(model, PLAN, tmp_path / "out", sources=sources())  # is there already
    assert (tmp_path / "out" / "samples.json").read_bytes() == before


class Broken:
    """Images of which one cannot be read."""

    def __init__(self, images: ImageSet, position: int) -> None:
        self._whole, self._broken = images.pixels, position

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole, name)

    def __len__(self) -> int:
        return len(self._whole)

    def image(self, position: int) -> Image:
        if position == self._broken:
            raise UnreadableImage("its file is cut off")
        return self._whole.image(position)


def test_one_image_that_fails_is_recorded_and_stops_no_other(model: Model, tmp_path: Path) -> None:
    whole = sample_plan(model, PLAN, tmp_path / "whole", sources=sources())
    images = sources()
    broken = ImageSet(images.table, Broken(images, 3))  # type: ignore[arg-type]
    made = sample_plan(model, PLAN, tmp_path / "out", sources=broken)
    assert [(one.where, one.reason) for one in made.unreadable] == [
        ("inpaint/high/V/00000001", "its file is cut off")
    ]
    assert json.loads((tmp_path / "out" / "samples.json").read_text())["failed"] == [
        ["inpaint/high/V/00000001", "its file is cut off"]
    ]
    assert len(made) == 11
    others = whole.positions(list(made.table["id"]))
    np.testing.assert_array_equal(made.read(0, 11), whole.take(others).read(0, 11))


def test_what_is_planned_and_cannot_be_is_refused_before_anything_is_drawn(
    model: Model, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="inpaint begins from images, and none are given"):
        sample_plan(model, PLAN, tmp_path / "out")
    with pytest.raises(InputError, match="has 12 images"):
        sample_plan(model, PLAN, tmp_path / "out", sources=sources(), shard=Shard(13, 13))
    assert not (tmp_path / "out").exists()


def test_drawing_that_was_cut_off_goes_on_where_it_stood(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "_measured_once", lambda parts: 2)
    many = Plan((Quota(8, "text"),))
    whole = sample_plan(model, many, tmp_path / "whole")

    def cut(_work: str, done: int, _total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_plan(model, many, tmp_path / "out", progress=cut)
    counts: list[int] = []
    whole_of = drawn_pixels.drawn

    def counting(*arguments: Any, **named: Any) -> np.ndarray:
        pixels = whole_of(*arguments, **named)
        counts.append(len(pixels))
        return pixels

    monkeypatch.setattr(drawn_pixels, "drawn", counting)
    sample_plan(model, many, tmp_path / "out")
    assert 2 <= sum(counts) < 8
    np.testing.assert_array_equal(open_images(tmp_path / "out").read(0, 8), whole.read(0, 8))
