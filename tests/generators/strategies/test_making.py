"""Images that are made from others: what every family that does so promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.generators import STRATEGIES, Derivation, Drawing, Model, Strategy, changed, drawing, fit
from doppelscan.generators.strategies import strategy_named
from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.images.regions import region_from, region_text
from doppelscan.imagesets import ImageSet

from ..small import QUIET, pictures, settings

AT_ONCE = {"cpu": (2**16, 4)}  # fewer images together than worth it: none of these is large
PLANE, VOLUME = (3, 12, 16), (1, 8, 8, 8)
Fitted = Callable[[str], Model]
FAMILIES = ["ddpm", "ddpm, volume", "latent_diffusion", "text_to_image", "text_to_image, inpainting"]
ANEW = [name for name in STRATEGIES if name != "text"]


@pytest.fixture(scope="module", autouse=True)
def _few_together() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_TOGETHER", AT_ONCE)
        yield


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """The model of a name, trained for one step."""

    @cache
    def made(name: str) -> Model:
        out: Path = tmp_path_factory.mktemp("models")
        family, _, kind = name.partition(", ")
        chosen = settings(family, "n_images=8", *(["conditional=true"] if family == "ddpm" else []))
        if kind == "inpainting":
            chosen = changed(chosen, [f"weights={write_tiny_model(out / 'weights', inpaints=True)}"])
        return fit(_images(name), chosen, out=out / "model", keeping=QUIET)

    return made


def _images(name: str) -> ImageSet:
    return pictures(VOLUME if "volume" in name else PLANE)


def _derived(model: Model, name: str, strategy: str, seeds: list[int]) -> ImageSet:
    return model.sample(seeds, derivation=Derivation(STRATEGIES[strategy], _images(name)))


@pytest.mark.parametrize("strategy", ANEW)
@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_not_drawn_anew_stays_bit_for_bit_and_what_is_does_not(
    name: str, strategy: str, fitted: Fitted
) -> None:
    sources, seeds = _images(name), [0, 3, 17]
    made = _derived(fitted(name), name, strategy, seeds)
    found, given = made.read(0, 3), sources.read(0, 12)[[0, 3, 5]]
    assert list(made.table["source_id"]) == ["000000", "000003", "000005"]
    assert set(made.table["strategy"]) == {strategy}
    for pixels, source, region in zip(found, given, made.table["region"], strict=True):
        fresh = np.ones(sources.shape[1:], bool) if region is None else region_from(region)
        np.testing.assert_array_equal(pixels[:, ~fresh], source[:, ~fresh])
        assert (pixels[:, fresh] != source[:, fresh]).mean() > 0.5
    assert (strategy in {"inpaint", "outpaint"}) == made.table["region"].notna().all()


@pytest.mark.parametrize("name", ["ddpm, volume", "text_to_image, inpainting"])
def test_an_image_depends_on_its_seed_and_source_alone(name: str, fitted: Fitted) -> None:
    many = _derived(fitted(name), name, "in-then-outpaint", [4, 1, 9])
    alone = _derived(fitted(name), name, "in-then-outpaint", [9])
    np.testing.assert_array_equal(alone.read(0, 1)[0], many.read(0, 3)[2])
    again = many.take(np.array([2])).read(0, 1)[0]
    np.testing.assert_array_equal(again, many.read(0, 3)[2])


@pytest.mark.parametrize("name", ["ddpm", "text_to_image"])
def test_the_weaker_an_image_is_changed_the_more_it_is_like_its_source(name: str, fitted: Fitted) -> None:
    """Latents of a model that has hardly learnt are first compared with what it makes of the sources at once."""
    sources, options, made = _images(name), Drawing(steps=8), []
    for strength in (0.1, 0.5, 1.0):
        how = Derivation(Strategy("image-to-image", strength), sources)
        made.append(fitted(name).sample(range(4), options, derivation=how).read(0, 4).astype(float))
    given = sources.read(0, 4) if name == "ddpm" else made[0]
    apart = [float(np.abs(one - given).mean()) for one in made]
    assert apart[0] < 0.75 * apart[2]
    assert apart[0] < apart[1] < apart[2]


def test_at_full_strength_nothing_of_the_source_is_left(fitted: Fitted) -> None:
    """Of two sources so different, the same noise makes the same image."""
    model, images = fitted("ddpm"), _images("ddpm")
    how = Derivation(Strategy("image-to-image", 1.0), images.take([0, 2]))  # of one label
    first, second = (model.sample([seed], derivation=how, turns=[turn]) for seed, turn in ((7, 0), (7, 1)))
    np.testing.assert_array_equal(first.read(0, 1), second.read(0, 1))


def test_masks_say_what_is_drawn_anew(fitted: Fitted) -> None:
    sources, model = _images("ddpm"), fitted("ddpm")
    mask = np.zeros((1, 1, 12, 16), np.uint8)
    mask[0, 0, 2:5, 3:9] = mask[0, 0, 4, 12] = 200
    table = sources.table.iloc[:1][["id"]].assign(id="000000.png")
    masks = ImageSet.from_arrays(mask, table)
    first = sources.take([0])
    made = model.sample([0], derivation=Derivation(STRATEGIES["inpaint"], first, masks))
    assert made.table["region"][0] == region_text(mask[0, 0] > 0)
    changed_at = (made.read(0, 1)[0] != first.read(0, 1)[0]).any(0)
    assert not changed_at[mask[0, 0] == 0].any()
    around = model.sample([0], derivation=Derivation(STRATEGIES["outpaint"], first, masks))
    assert around.table["region"][0] == region_text(mask[0, 0] == 0)
    with pytest.raises(InputError, match="11 sources have no mask, such as 000001"):
        model.sample([0], derivation=Derivation(STRATEGIES["inpaint"], sources, masks))


@pytest.mark.parametrize("fill", [0, 9])
def test_a_mask_that_covers_nothing_or_all_costs_its_own_images_only(
    fill: int, fitted: Fitted, tmp_path: Path
) -> None:
    sources = _images("ddpm").take([0, 1])
    pixels = np.zeros((2, 1, 12, 16), np.uint8)
    pixels[0, 0, 4:8, 4:8], pixels[1] = 9, fill
    masks = ImageSet.from_arrays(pixels, sources.table[["id"]])
    how = Derivation(STRATEGIES["inpaint"], sources, masks)
    if fill:  # all alike: above half of the largest is all
        assert fill == pixels[1].min()
    made = fitted("ddpm").sample_to(range(4), tmp_path / "out", derivation=how)
    assert list(made.table["id"]) == ["00000000", "00000002"]
    covers = "all" if fill else "nothing"
    assert [one.reason for one in made.unreadable] == [f"its mask 000001 covers {covers}"] * 2


def test_label_and_group_choose_the_sources_and_are_said_of_what_is_made(fitted: Fitted) -> None:
    model = fitted("text_to_image")
    sources = _images("ddpm")
    tones = ["V" if i % 3 == 0 else "I" for i in range(12)]
    sources = ImageSet(sources.table.assign(skin_tone=tones), sources.pixels)
    how = Derivation(STRATEGIES["inpaint"], sources)
    made = model.sample(range(4), Drawing(label="high", group=(("skin_tone", "V"),)), derivation=how)
    assert list(made.table["source_id"]) == ["000003", "000009", "000003", "000009"]
    assert set(made.table["label"]) == {"high"}
    assert set(made.table["prompt"]) == {"An image of high"}
    with pytest.raises(InputError, match="no image is of skin_tone VI"):
        model.sample([0], Drawing(group=(("skin_tone", "VI"),)), derivation=how)


def test_what_cannot_be_begun_from_is_refused(fitted: Fitted, tmp_path: Path) -> None:
    model = fitted("ddpm")
    inpaint = STRATEGIES["inpaint"]
    with pytest.raises(InputError, match=r"images of \(3, 8, 8\), and the model's are of \(3, 12, 16\)"):
        model.sample([0], derivation=Derivation(inpaint, pictures((3, 8, 8))))
    with pytest.raises(InputError, match="pixels are float32, and the model's are uint8"):
        model.sample([0], derivation=Derivation(inpaint, pictures(PLANE, dtype="float32")))
    with pytest.raises(InputError, match="text begins from no image"):
        Derivation(STRATEGIES["text"], pictures(PLANE))
    with pytest.raises(InputError, match="strength: is 0"):
        Strategy("inpaint", 0.0)
    with pytest.raises(InputError, match=r"'overpaint' is no strategy \(one of text, inpaint"):
        strategy_named("overpaint")
    blurred = fit(pictures((1, 8, 8)), settings("vae", "n_images=8"), out=tmp_path / "vae", keeping=QUIET)
    with pytest.raises(InputError, match="vae begins from no image"):
        blurred.sample([0], derivation=Derivation(inpaint, pictures((1, 8, 8))))


def test_the_centre_and_the_rim_are_of_the_size_that_the_paper_has() -> None:
    inner, rim = STRATEGIES["in-then-outpaint"].passes((512, 512))
    assert rim.sum() == 512**2 - 480**2
    assert not (inner & rim).any()
    (square,) = STRATEGIES["inpaint"].passes((400, 512))
    assert square.sum() == 200**2
