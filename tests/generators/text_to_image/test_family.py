"""Text-to-image models as a whole: which weights they take, what moves, what they are told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from doppelscan.errors import FormatError, InputError
from doppelscan.generators import Drawing, Model, changed, family_named, fit
from doppelscan.generators.text_to_image.tiny import write_tiny_model
from doppelscan.imagesets import ImageSet

from ..small import QUIET, pictures, settings, tiny_weights, weights

RGB = (3, 8, 8)
PRESETS = family_named("text_to_image").presets


def with_tones(n: int = 12) -> ImageSet:
    images = pictures(RGB, n)
    tones = [("I", "V", None)[i % 3] for i in range(n)]
    return ImageSet(images.table.assign(skin_tone=tones), images.pixels)


def test_missing_weights_are_named_with_their_source_and_licence(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        fit(pictures(RGB), PRESETS["sagers"], out=tmp_path / "model")
    said = str(refused.value)
    assert "stable-diffusion-v1-5/stable-diffusion-v1-5: there is no such folder" in said
    assert "CreativeML Open RAIL-M" in said
    assert "hf download stable-diffusion-v1-5/stable-diffusion-v1-5" in said
    with pytest.raises(InputError, match="it has no unet, vae, text_encoder, tokenizer, scheduler"):
        fit(pictures(RGB), changed(PRESETS["sagers"], [f"weights={tmp_path}"]), out=tmp_path / "other")


def test_weights_that_could_run_code_are_not_read(tmp_path: Path) -> None:
    shutil.copytree(tiny_weights(), tmp_path / "weights")
    unet = tmp_path / "weights" / "unet"
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, unet / "diffusion_pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be read"):
        fit(
            pictures(RGB),
            settings("text_to_image", f"weights={tmp_path / 'weights'}"),
            out=tmp_path / "model",
        )


@pytest.mark.parametrize(
    ("part", "name", "value", "why"),
    [
        ("unet", "in_channels", 5, "takes 5 channels, and latents have 4"),
        ("scheduler", "prediction_type", "sample", "predicts sample"),
    ],
)
def test_models_of_another_make_are_refused(
    part: str, name: str, value: object, why: str, tmp_path: Path
) -> None:
    shutil.copytree(tiny_weights(), tmp_path / "weights")
    config = tmp_path / "weights" / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
    config.write_text(json.dumps(json.loads(config.read_text()) | {name: value}))
    if part == "unet":
        file = config.with_name("diffusion_pytorch_model.safetensors")
        arrays = load_file(file)
        arrays["conv_in.weight"] = np.zeros((32, 5, 3, 3), np.float32)
        from safetensors.numpy import save_file

        save_file(arrays, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=why):
        fit(
            pictures(RGB),
            settings("text_to_image", f"weights={tmp_path / 'weights'}"),
            out=tmp_path / "model",
        )


def test_a_model_is_read_beside_the_weights_that_it_began_with_and_no_others(tmp_path: Path) -> None:
    shutil.copytree(tiny_weights(), tmp_path / "weights")
    chosen = settings("text_to_image", "n_images=8", f"weights={tmp_path / 'weights'}")
    fit(pictures(RGB), chosen, out=tmp_path / "model", keeping=QUIET)
    shutil.rmtree(tmp_path / "weights")
    with pytest.raises(InputError, match="there is no such folder"):
        Model.open(tmp_path / "model")
    write_tiny_model(tmp_path / "weights", prediction="v_prediction")
    with pytest.raises(FormatError, match="not those that the model began with"):
        Model.open(tmp_path / "model")


def test_lora_moves_and_keeps_adapters_alone(tmp_path: Path) -> None:
    images = pictures(RGB)
    chosen = settings("text_to_image", "moves=lora", "rank=2", "n_images=8", "checkpointing=true")
    model = fit(images, chosen, out=tmp_path, keeping=QUIET)
    kept = weights(tmp_path)
    assert all("lora_" in name for name in kept if "/unet." in name and "made_from" not in name)
    of_all = sum(weight.numel() for weight in model.networks["unet"].borrowed)
    assert sum(weight.numel() for weight in model.networks["unet"].parameters()) < of_all / 20
    untrained = fit(images, changed(chosen, ["n_images=0"]), out=tmp_path / "0", keeping=QUIET)
    plain = fit(images, settings("text_to_image", "n_images=0"), out=tmp_path / "all", keeping=QUIET)
    same, as_it_was, moved = (one.sample([3]).read(0, 1) for one in (untrained, plain, model))
    np.testing.assert_array_equal(same, as_it_was)  # adapters begin with nothing
    assert not np.array_equal(moved, same)


def test_pretrained_weights_draw_as_they_are_and_are_not_trained(tmp_path: Path) -> None:
    chosen = changed(
        PRESETS["pretrained"], [f"weights={tiny_weights()}", "prompt={label}", "sampler_steps=3"]
    )
    model = fit(pictures(RGB), chosen, out=tmp_path, keeping=QUIET)
    assert model.checkpoint.seen == 0
    assert model.sample([0], Drawing(prompt="a mole")).table["prompt"][0] == "a mole"


def test_sagers_sees_each_image_four_times(tmp_path: Path) -> None:
    changes = [f"weights={tiny_weights()}", "prompt={label}", "sampler_steps=2"]
    images = pictures(RGB, 4)
    model = fit(images, changed(PRESETS["sagers"], changes), out=tmp_path, keeping=QUIET)
    assert model.checkpoint.seen == 4 * 4
    again = fit(images, changed(PRESETS["sagers"], changes), out=tmp_path)
    assert again.fingerprint == model.fingerprint


def test_what_the_model_is_told_changes_what_it_draws_and_label_and_group_make_it(tmp_path: Path) -> None:
    template = "prompt={label}[, tone {skin_tone}]"
    model = fit(with_tones(), settings("text_to_image", template, "n_images=8"), out=tmp_path, keeping=QUIET)
    subject = model.description.subject
    assert subject.columns == ("label", "skin_tone")
    assert subject.labels == ("high | ?", "high | I", "high | V", "low | ?", "low | I", "low | V")
    of_group = model.sample(range(6), Drawing(label="low", group=(("skin_tone", "V"),)))
    assert set(of_group.table["prompt"]) == {"low, tone V"}
    assert set(of_group.table["skin_tone"]) == {"V"}
    assert set(model.sample(range(8), Drawing(label="low")).table["label"]) == {"low"}
    unknown = [row for row in model.sample(range(40)).table.itertuples() if row.skin_tone is None]
    assert {row.prompt for row in unknown} <= {"high", "low"}
    options = (Drawing(prompt="low", guidance=4.0), Drawing(prompt="high", guidance=4.0))
    first, second = (model.sample([0], one) for one in options)
    assert not np.array_equal(first.read(0, 1), second.read(0, 1))
    assert first.table["label"][0] is None
    with pytest.raises(InputError, match="no training image was of label low, skin_tone VI"):
        model.sample([0], Drawing(label="low", group=(("skin_tone", "VI"),)))
    with pytest.raises(InputError, match="has no column tone"):
        fit(with_tones(), settings("text_to_image", "prompt={label} {tone}"), out=tmp_path / "other")


def test_a_prompt_without_columns_needs_no_labels(tmp_path: Path) -> None:
    chosen = settings("text_to_image", "prompt=A mole", "n_images=8")
    model = fit(pictures(RGB, labels=False), chosen, out=tmp_path, keeping=QUIET)
    assert set(model.sample(range(3)).table["prompt"]) == {"A mole"}


def test_a_prompt_that_is_too_long_is_refused(tmp_path: Path) -> None:
    chosen = settings("text_to_image", f"prompt={'long ' * 9}", "n_images=8")
    with pytest.raises(InputError, match="has 38 tokens, and the model hears 24"):
        fit(pictures(RGB), chosen, out=tmp_path, keeping=QUIET)


def test_channels_that_the_model_has_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="text_to_image makes images of 1 or 3 channels, not of 2"):
        fit(pictures((2, 8, 8)), settings("text_to_image"), out=tmp_path)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_one_who_looks_into_it_sees_the_noise_that_it_sees(prediction: str, tmp_path: Path) -> None:
    """What it foresees without noise, put together again with that noise, is what it was shown."""
    place = write_tiny_model(tmp_path / "weights", prediction=prediction)
    chosen = settings("text_to_image", f"weights={place}", "n_images=0")
    model = fit(pictures(RGB), chosen, out=tmp_path / "model", keeping=QUIET)
    within, t, labels = model.denoiser, torch.tensor([3, 30]), torch.tensor([0, -1])
    x0 = within.start(torch.rand(2, *RGB) * 2 - 1)
    found = within.noise(x0, t, labels)
    told = model.networks["words"](["An image of high", ""])
    said = model.networks["unet"](x0, t, encoder_hidden_states=told).sample
    a = within.alpha_bar[t].view(-1, 1, 1, 1)
    wanted = said if prediction == "epsilon" else a.sqrt() * said + (1 - a).sqrt() * x0
    torch.testing.assert_close(found, wanted)


@pytest.mark.slow
def test_a_model_that_inpaints_learns_from_random_masks(tmp_path: Path) -> None:
    place = write_tiny_model(tmp_path / "weights", inpaints=True)
    chosen = settings("text_to_image", f"weights={place}", "n_images=480")
    fit(pictures(RGB), chosen, out=tmp_path / "model", keeping=QUIET)
    lines = (tmp_path / "model" / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["unet"] for line in lines]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
