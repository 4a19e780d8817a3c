"""Do packages load what is asked of them, and nothing before?"""

from __future__ import annotations

import subprocess
import sys

import pytest

import doppelscan.audit
import doppelscan.encoders
import doppelscan.encoders.contrastive

PACKAGES = [doppelscan, doppelscan.audit, doppelscan.encoders, doppelscan.encoders.contrastive]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_name_is_there(package) -> None:  # type: ignore[no-untyped-def]
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nonsense'"):
        _ = package.nonsense


@pytest.mark.parametrize(
    "wanted",
    ["doppelscan", "doppelscan.encoders", "doppelscan.audit.auditing", "doppelscan.imagesets.preparing"],
)
def test_torch_is_not_loaded_before_something_needs_it(wanted: str) -> None:
    """Worker processes, and an audit until it has read its files, do without."""
    said = f"import sys, {wanted}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0


@pytest.mark.parametrize(("chosen", "spins"), [("", "0"), ("ACTIVE", "30000000000")])
def test_threads_of_a_command_sleep_while_they_wait_unless_the_user_wants_otherwise(
    chosen: str, spins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What torch brings for its threads says itself, as it is loaded, how often they look before they sleep."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if chosen:
        monkeypatch.setenv("OMP_WAIT_POLICY", chosen)
    monkeypatch.setenv("OMP_DISPLAY_ENV", "VERBOSE")
    command = [sys.executable, "-m", "doppelscan", "doctor"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    if "GOMP_SPINCOUNT" not in said:
        pytest.skip("torch's build has not GNU's OpenMP, which says its settings")
    assert f"GOMP_SPINCOUNT = '{spins}'" in said
