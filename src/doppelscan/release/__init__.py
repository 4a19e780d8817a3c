"""What may leave the house: images that pass, a document that says why, and a check that needs no trust."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.release.checking import Checked, check
    from doppelscan.release.releasing import Released, release
    from doppelscan.release.settings import About, Limits, ReleaseSettings

__all__ = ["About", "Checked", "Limits", "ReleaseSettings", "Released", "check", "release"]

_HOMES = {
    "About": "settings",
    "Checked": "checking",
    "Limits": "settings",
    "ReleaseSettings": "settings",
    "Released": "releasing",
    "check": "checking",
    "release": "releasing",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
