"""Where work runs: in this process or in its child processes. Knows no domain word."""

from doppelscan.workers.meanwhile import meanwhile
from doppelscan.workers.processes import WorkerDied, map_ordered, processes_kept
from doppelscan.workers.progress import Progress, counted, silent
from doppelscan.workers.threads import single_threaded_algebra, single_threaded_vision

__all__ = [
    "Progress",
    "WorkerDied",
    "counted",
    "map_ordered",
    "meanwhile",
    "processes_kept",
    "silent",
    "single_threaded_algebra",
    "single_threaded_vision",
]
