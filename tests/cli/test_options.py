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
    assert as_resources("1GB", 3, "cpu").memory == 2**30


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_understood_or_refused(size: str, channels: str) -> None:
    with contextlib.suppress(InputError):
        assert min(as_preparation(size=size, channels=channels).size or ()) > 0
