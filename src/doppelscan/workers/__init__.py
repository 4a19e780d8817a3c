"""Where work runs: in this process, in its child processes, or on a Ray cluster. Knows no domain word."""

from doppelscan.workers.meanwhile import meanwhile
from doppelscan.workers.places import ONE_CORE, Needs, Stations, elsewhere, gpus_elsewhere, stationed
from doppelscan.workers.processes import WorkerDied, map_ordered, processes_kept
from doppelscan.workers.progress import Progress, counted, silent
from doppelscan.workers.ray_cluster import ClusterLost, on_ray
from doppelscan.workers.threads import single_threaded_algebra, single_threaded_vision

__all__ = [
    "ONE_CORE",
    "ClusterLost",
    "Needs",
    "Progress",
    "Stations",
    "WorkerDied",
    "counted",
    "elsewhere",
    "gpus_elsewhere",
    "map_ordered",
    "meanwhile",
    "on_ray",
    "processes_kept",
    "silent",
    "single_threaded_algebra",
    "single_threaded_vision",
    "stationed",
]
