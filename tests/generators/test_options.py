"""Settings as JSON and as key=value."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.generators.ddpm import DdpmSettings
from doppelscan.generators.ddpm.settings import PRESETS
from doppelscan.generators.options import changed, settings_of
from doppelscan.generators.stylegan2 import PRESETS as STYLEGAN2

TINY = PRESETS["tiny"]


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_come_back_from_plain_values(preset: str) -> None:
    assert settings_of(DdpmSettings, asdict(PRESETS[preset])) == PRESETS[preset]


def test_a_key_is_a_path_or_its_last_part() -> None:
    after = changed(
        TINY, ["batch=8", "training.n_images=100", "channels=16,32", "conditional=true", "clip=none"]
    )
    assert (after.training.batch, after.training.n_images, after.training.clip) == (8, 100, None)
    assert (after.channels, after.conditional) == ((16, 32), True)
    assert after.training.warm_up == TINY.training.warm_up


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("blit,geometry", ("blit", "geometry")),
        ("blit", ("blit",)),
        ('["blit", "geometry"]', ("blit", "geometry")),
        (" blit , geometry ", ("blit", "geometry")),
        ("", ()),
    ],
)
def test_a_list_may_be_of_words_of_one_value_or_empty(text: str, groups: tuple[str, ...]) -> None:
    assert changed(STYLEGAN2["tiny"], [f"groups={text}"]).adaptation.groups == groups


def test_a_list_of_numbers_is_as_short_as_it_is_given() -> None:
    one = changed(TINY, ["channels=32", "attention=true"])
    assert (one.channels, one.attention) == ((32,), (True,))
    with pytest.raises(InputError, match="'blot' is none"):
        changed(STYLEGAN2["tiny"], ["groups=blit,blot"])


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        changed(TINY, ["batsh=8", "batch"])
    assert "'batsh' is no setting" in str(refused.value)
    assert "'batch' is not of the form key=value" in str(refused.value)
    with pytest.raises(InputError, match=r"training\.batch"):
        changed(TINY, ["batch=many"])
    with pytest.raises(InputError, match=r"predicts: Input should be 'epsilon' or 'v'"):
        changed(TINY, ["predicts=x"])
    with pytest.raises(InputError, match=r"batch: is 0 \(at least 1\)"):
        changed(TINY, ["batch=0"])


@settings(deadline=None)
@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_change_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(changed(TINY, [text]), DdpmSettings)
