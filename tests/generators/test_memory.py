"""The memory that drawing takes, and how many images are drawn at once for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.generators import FAMILIES, Drawing, Model, fit
from doppelscan.generators.drawing import at_once, batch_size
from doppelscan.generators.memory import memory_of, most_bytes

from .small import QUIET, pictures, settings

NOTHING = nn.ModuleDict()


def test_what_lives_at_once_is_counted_and_what_was_let_go_is_not() -> None:
    def work() -> None:
        first = torch.zeros(1000)
        second = first + 1
        del first
        third = second * 2
        third.add_(1).view(10, 100)
        del second, third
        torch.zeros(1500)

    assert most_bytes(work, besides=NOTHING) == 8000
    assert most_bytes(lambda: None, besides=NOTHING) == 0


def test_layers_hold_what_they_are_given_and_give_their_weights_do_not_count() -> None:
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    image = torch.zeros(1, 1, 64, 64)
    with torch.no_grad():
        assert most_bytes(lambda: net(image), besides=net) == 2 * 8 * 64 * 64 * 4
        doubled = most_bytes(lambda: net(torch.cat([image, image])), besides=net)
    assert doubled == 2 * (2 * 8 + 1) * 64 * 64 * 4


@pytest.mark.parametrize("family", FAMILIES)
def test_as_many_are_drawn_at_once_as_half_of_the_memory_holds(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fit(pictures((1, 8, 8)), settings(family, "n_images=8"), out=tmp_path, keeping=QUIET)
    about, cpu = model.description, torch.device("cpu")
    most = at_once(about.subject, cpu)

    def with_memory(n_bytes: int) -> int:
        monkeypatch.setattr("doppelscan.generators.drawing.memory_of", lambda _device: n_bytes)
        return batch_size(about, model.networks, options=Drawing(), device=cpu)

    assert with_memory(10**12) == most == 16
    assert with_memory(1) == 1
    sizes = [with_memory(2 ** (2 + power)) for power in range(30)]
    assert sizes == sorted(sizes)
    assert set(sizes) >= {1, most}
    assert len(set(sizes)) > 2


def test_images_that_are_drawn_few_at_a_time_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fit(pictures((1, 8, 8)), settings("ddpm", "n_images=8"), out=tmp_path, keeping=QUIET)
    together = model.sample(range(6)).read(0, 6)
    monkeypatch.setattr("doppelscan.generators.drawing.memory_of", lambda _device: 1)
    few = Model.open(tmp_path, device="cpu").sample(range(6))
    assert few.pixels.at_once == 1  # type: ignore[attr-defined]
    np.testing.assert_allclose(few.read(0, 6).astype(int), together.astype(int), atol=1)


def test_there_is_memory() -> None:
    assert memory_of(torch.device("cpu")) > 2**28
