"""Options become settings, or one message."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.cli.options import as_preparation, as_resources
from doppelscan.errors import InputError
from doppelscan.images.preparation import PRESETS
from doppelscan.settings import cores
from doppelscan.workers.places import taken_by
from loopback import Loopback


def test_no_option_leaves_images_as_they_are() -> None:
    assert as_preparation(size=None, channels=None).is_identity


def test_an_option_replaces_the_value_of_a_preset() -> None:
    chosen = as_preparation("akbar", min_foreground=0.3, crop_or_pad="64x64")
    assert (chosen.min_foreground, chosen.crop_or_pad) == (0.3, (64, 64))
    assert chosen.intensity == PRESETS["akbar"].intensity


@pytest.mark.parametrize(("text", "channels"), [("grey", "grey"), ("0,2", (0, 2)), ("1", (1,))])
def test_channels_are_a_name_or_numbers(text: str, channels: object) -> None:
    assert as_preparation(channels=text).channels == channels


def test_resources_default_to_the_machine() -> None:
    assert as_resources(None, None).workers == cores()
    assert as_resources("2GB", 3, "cpu").workers == 3


def test_of_the_memory_that_is_given_pixels_get_what_the_program_leaves() -> None:
    assert as_resources("1GB", 1).memory == 384 * 2**20
    assert as_resources("1GB", 2).memory == 384 * 2**20 - (min(2, cores()) - 1) * 2**26


def test_less_memory_than_the_program_needs_is_refused_and_the_least_is_named() -> None:
    assert as_resources("768MB", 1).memory == 2**27
    with pytest.raises(InputError, match=r"--memory: 767MB is too little: 640MB go .*give 768MB or more"):
        as_resources("767MB", 1)
    with taken_by(Loopback()):
        n = cores()
        assert as_resources("8GB", None).memory == 2**33 - n * 640 * 2**20
        with pytest.raises(InputError, match=f"give {n * 640 + 128}MB or more"):
            as_resources("600MB", None)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_understood_or_refused(size: str, channels: str) -> None:
    with contextlib.suppress(InputError):
        assert min(as_preparation(size=size, channels=channels).size or ()) > 0
