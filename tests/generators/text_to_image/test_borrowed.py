"""Networks that others trained, as a part of a model."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from doppelscan.errors import FormatError
from doppelscan.generators.text_to_image.borrowed import Borrowed

THEIRS = "ab" * 32


def borrowed(*trained: str, made_from: str = THEIRS) -> Borrowed:
    network = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    return Borrowed(network, place="theirs", made_from=made_from, trained=trained)


def test_only_what_is_trained_is_moved_and_written() -> None:
    part = borrowed("2.weight")
    assert [name for name, _ in part.named_parameters()] == ["2/weight"]
    assert set(part.state_dict()) == {"2/weight", "made_from"}
    assert [weight.requires_grad for weight in part.network.parameters()] == [False, False, True, False]
    assert len(list(part.borrowed)) == 4


def test_a_copy_shares_what_is_not_trained_and_moves_by_itself() -> None:
    part = borrowed("2.weight")
    twin = copy.deepcopy(part)
    assert twin.network[0].weight is part.network[0].weight
    with torch.no_grad():
        twin.get_parameter("2/weight").add_(1)
    assert torch.equal(twin.network[2].weight, part.network[2].weight + 1)
    whole = borrowed()
    assert copy.deepcopy(whole) is whole


def test_a_device_and_a_type_reach_the_whole_network_and_its_trained_weights_stay_its_own() -> None:
    part = borrowed("2.weight").double()
    assert {tensor.dtype for tensor in part.borrowed} == {torch.float64}
    assert part.get_parameter("2/weight") is part.network[2].weight


def test_a_network_that_is_not_trained_never_is_in_training_mode() -> None:
    assert borrowed("2.weight").train().network.training
    assert not borrowed().train().network.training


def test_weights_are_read_beside_those_that_they_began_with_and_no_others() -> None:
    part, twin = borrowed("2.weight"), borrowed("2.weight")
    twin.load_state_dict(part.state_dict())
    assert torch.equal(twin.network[2].weight, part.network[2].weight)
    with pytest.raises(FormatError, match="theirs: these weights are not those that the model began with"):
        borrowed("2.weight", made_from="cd" * 32).load_state_dict(part.state_dict())
