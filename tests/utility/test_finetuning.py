"""A network learns from what it is given, stops by what is kept aside, and is the same again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError, MissingExtra
from doppelscan.store import write_tensors
from doppelscan.utility import finetuning
from doppelscan.utility.efficientnet_v2 import EfficientNetV2, Stage
from doppelscan.utility.finetuning import Network
from doppelscan.utility.networks import network_named, start_from
from doppelscan.utility.probe import Learnt

TINY = (Stage("fused", 1, 4, 1, 1), Stage("fused", 2, 6, 1, 2))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(_name: str, n_channels: int, n_classes: int, n_axes: int) -> torch.nn.Module:
        return EfficientNetV2(n_channels, n_classes, n_axes, stages=TINY, width=12, drop=0.0, drop_path=0.0)

    monkeypatch.setattr(finetuning, "network_named", named)


def shades(n: int) -> Learnt:
    """Dark images of class 0, light ones of class 1, as two patients in each fold."""
    labels = np.arange(n) % 2
    pixels = np.random.default_rng(0).integers(0, 60, (n, 1, 16, 16)) + 120 * labels[:, None, None, None]
    return Learnt(pixels.astype(np.uint8), labels, np.arange(n) // 2 % 4)


def test_it_learns_what_is_there_to_learn_and_is_the_same_again() -> None:
    real, classifier = shades(24), Network("tiny", (0.0, 255.0), steps=30, learning_rate=1e-2)
    nothing = Learnt(real.features[:0], real.labels[:0], real.folds[:0])
    told, chosen = classifier.tell(real, nothing, real.features, 2, 0)
    assert (told.argmax(axis=1) == real.labels).mean() > 0.9
    assert 3 <= chosen <= 30
    again, _ = classifier.tell(real, nothing, real.features, 2, 0)
    np.testing.assert_array_equal(told, again)


def test_without_folds_the_last_step_counts() -> None:
    real = shades(8)
    alone = Learnt(real.features, real.labels, np.full(8, -1))
    nothing = Learnt(real.features[:0], real.labels[:0], real.folds[:0])
    assert Network("tiny", (0.0, 255.0), steps=10).tell(alone, nothing, real.features, 2, 0)[1] == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["densenet", "resnet", "efficientnet", "efficientnetv2-m"])
@pytest.mark.parametrize("n_axes", [2, 3])
def test_every_network_tells_classes_of_flat_images_and_volumes(name: str, n_axes: int) -> None:
    network = network_named(name, 1, 3, n_axes).eval()
    assert network(torch.zeros(1, 1, *[32] * n_axes)).shape == (1, 3)


def test_weights_of_the_same_network_are_taken_but_for_the_head(tmp_path: Path) -> None:
    colour, grey = (EfficientNetV2(c, k, 2, stages=TINY, width=12) for c, k in ((3, 10), (1, 2)))
    kept = {name: value.numpy() for name, value in colour.state_dict().items() if value.ndim}
    write_tensors(tmp_path / "w.safetensors", kept, {"format": "pt"})
    start_from(grey, tmp_path / "w.safetensors")
    torch.testing.assert_close(grey.features[0][0].weight, colour.features[0][0].weight.sum(1, keepdim=True))
    torch.testing.assert_close(
        grey.features[1][0].block[0][0].weight, colour.features[1][0].block[0][0].weight
    )
    with pytest.raises(InputError, match="give weights of the same network"):
        start_from(EfficientNetV2(1, 2, 2, stages=SMALLER, width=12), tmp_path / "w.safetensors")


SMALLER = (Stage("fused", 1, 6, 1, 1),)


def test_without_monai_its_networks_name_the_extra_and_the_paper_s_does_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "monai.networks.nets", None)
    with pytest.raises(MissingExtra, match=r"doppelscan\[utility\]"):
        network_named("resnet", 1, 2, 2)
    assert network_named("efficientnetv2-m", 1, 2, 2)
