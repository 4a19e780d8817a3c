"""What keeps copies from arising: training that is watched, samples led away from patients, copies rejected."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.mitigation.guidance import Apart
    from doppelscan.mitigation.rejection import Rejected, rejecting

__all__ = ["Apart", "Rejected", "rejecting"]

_HOMES = {"Apart": "guidance", "Rejected": "rejection", "rejecting": "rejection"}

__getattr__ = loaded_on_use(__name__, _HOMES)
