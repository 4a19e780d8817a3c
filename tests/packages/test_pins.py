"""Every package that is installed is the one that constraints.txt names."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .requirements import EXTRAS, asked, brought, installed, pinned


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_whatever_an_extra_brings_is_pinned_and_installed_as_pinned(extra: str) -> None:
    pins = pinned()
    names = brought(asked(extra) if extra else asked())
    assert sorted(names - pins.keys()) == []
    other = {name: found for name in names if (found := installed(name)) not in {None, pins[name]}}
    assert other == {}


def test_pins_are_within_the_ranges_that_the_project_states() -> None:
    pins = pinned()
    stated = [Requirement(line) for line in asked(*EXTRAS) if not line.startswith("doppelscan")]
    assert [str(one) for one in stated if pins[canonicalize_name(one.name)] not in one.specifier] == []
