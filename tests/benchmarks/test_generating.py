"""The benchmarks of generators measure what they say, and leave out a peer that is not there."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

import fidelity
import sampling
import training
from doppelscan.generators import changed, family_named
from doppelscan.generators.nets.unet import Plan, UNet
from doppelscan.quality.frechet import frechet_distance
from doppelscan.seeds import stream
from generating.distances import by_principal_components, by_spectrum, resampled
from generating.films import films
from generating.learning import trained
from generating.peers import missing
from generating.pipelines import InDiffusers
from generating.tutorial import InMonai
from realdata import real_data
from stopwatch import take_turns, write_table

SMALLEST = ["channels=8,16", "attention=false,true", "head_channels=8", "steps=20", "sampler_steps=2"]


def test_resampled_distances_lie_about_the_distance() -> None:
    x, y = stream(0).normal(size=(200, 3)), 1 + stream(1).normal(size=(300, 3))
    low, high = np.quantile(resampled(x, y), [0.01, 0.99])
    assert low < frechet_distance(x, y) < high


def test_noise_is_further_from_films_than_films_are() -> None:
    smooth = stream(0).integers(0, 200, (80, 1, 1, 1)) + np.arange(8)[None, None, :, None] * 5
    real = np.broadcast_to(smooth, (80, 1, 8, 8)).astype(np.uint8)
    encode = by_principal_components(real[:40])
    noise = stream(1).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    assert (
        frechet_distance(encode(real[:40]), encode(real[40:]))
        < frechet_distance(encode(noise), encode(real[40:])) / 5
    )


def test_the_spectrum_tells_fine_from_coarse_and_not_where_it_is() -> None:
    fine, coarse = (
        np.broadcast_to(127 + 100 * np.cos(np.arange(16) * f), (1, 1, 16, 16)).astype(np.uint8)
        for f in (7 * np.pi / 8, np.pi / 8)
    )
    encode = by_spectrum(fine)
    assert encode(fine)[0, 1:].argmax() > encode(coarse)[0, 1:].argmax()
    np.testing.assert_allclose(encode(fine), encode(np.roll(fine, 3, axis=2)), atol=1e-6)


def test_films_that_are_learnt_are_of_other_patients() -> None:
    learnt, others = films(real_data("chest_xray").parent, 16)
    assert learnt.shape[1:] == others.shape[1:] == (1, 16, 16)
    assert len(learnt) + len(others) == 3099
    shared = {image.tobytes() for image in learnt} & {image.tobytes() for image in others}
    assert len(shared) <= 3  # the set has byte-identical films under different names


def test_a_model_trained_for_no_time_draws_all_the_same() -> None:
    settings = changed(family_named("ddpm").presets["tiny"], SMALLEST)
    noise = stream(0).integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)
    model = trained(noise, settings, seconds=0.0)
    assert model.learner.step == 0
    assert model.draw(3).shape == (3, 1, 8, 8)
    assert trained(noise, settings, seconds=0.2).learner.step > 0


def test_a_peer_that_is_not_there_is_named_with_the_reason() -> None:
    assert missing("json") is None
    reason = missing("json", "no_such_peer")
    assert reason is not None
    assert reason.startswith("no_such_peer cannot be imported (No module named")


def test_our_network_says_the_same_inside_the_loops_of_peers() -> None:
    unet = UNet(2, 1, 1, Plan((8, 8), (False, True), blocks=1, head_channels=8))
    torch.nn.init.normal_(unet.last[-1].weight)
    x, t = torch.randn(2, 1, 8, 8), torch.tensor([3, 3])
    said = unet(x, t, torch.tensor([-1, -1]))
    torch.testing.assert_close(InMonai(unet)(x, t), said)
    torch.testing.assert_close(InDiffusers(unet, 8)(x, torch.tensor(3)).sample, said)


def test_our_sides_of_the_benchmarks_train_and_draw() -> None:
    plan = Plan((8, 8), (False, True), blocks=1, head_channels=8)
    noise = stream(0).integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
    assert len(training.ours(noise, plan, batch=2, steps=3)()) == 3
    drawn = sampling.ours(plan, Namespace(side=8, images=2, steps=2, sampler="dpm++"))()
    assert drawn.shape == (2, 1, 8, 8)


def test_the_table_of_fidelity_has_a_row_a_side() -> None:
    learnt, others, drawn = (stream(i).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8) for i in range(3))
    lines = fidelity.table(
        {"ours": drawn, "theirs": others}, learnt, others, ["pixels' components", "spectrum"]
    )
    assert lines[0] == "| films | pixels' components | spectrum |"
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| ours", "| theirs"]
    assert all(line.count(" to ") == 2 for line in lines[2:])


def test_works_take_turns_and_are_set_beside_the_first(tmp_path: Path) -> None:
    done: list[str] = []
    runs = take_turns({name: lambda name=name: done.append(name) for name in "ab"}, 2)
    assert done == ["a", "b"] * 3
    assert {name: len(of) for name, of in runs.items()} == {"a": 2, "b": 2}
    write_table("way", runs, "nothing", 2, tmp_path / "table.md")
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert lines[0].startswith("## nothing; median of 2; load")
    assert [line.split(" | ")[0] for line in lines[2:6]] == ["| way", "| ---", "| a", "| b"]
    assert "| 1.00 |" in lines[4]
