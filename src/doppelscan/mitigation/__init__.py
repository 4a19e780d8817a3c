"""What keeps copies from arising: training that is watched, samples led away from patients, copies rejected."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.mitigation.guidance import Apart
    from doppelscan.mitigation.looks import Look, looks_at
    from doppelscan.mitigation.rejection import Rejected, rejecting
    from doppelscan.mitigation.watching import Watching, watched

__all__ = ["Apart", "Look", "Rejected", "Watching", "looks_at", "rejecting", "watched"]

_HOMES = {
    "Apart": "guidance",
    "Look": "looks",
    "Rejected": "rejection",
    "Watching": "watching",
    "looks_at": "looks",
    "rejecting": "rejection",
    "watched": "watching",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
