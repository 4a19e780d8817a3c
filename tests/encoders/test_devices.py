"""Are devices that cannot be used refused by name, and is a fast type claimed only where it is one?"""

from __future__ import annotations

import pytest
import torch

from doppelscan.encoders.devices import device_named, has_fast_bfloat16
from doppelscan.errors import InputError


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert device_named("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"device '{name}' cannot be used"):
        device_named(name)


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_gpus_have_bfloat16_since_ampere(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], fast: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert has_fast_bfloat16(torch.device("cuda")) is fast


@pytest.mark.parametrize("fast", [False, True])
def test_processors_have_bfloat16_with_amx(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: fast)
    assert has_fast_bfloat16(torch.device("cpu")) is fast
    assert not has_fast_bfloat16(torch.device("meta"))
