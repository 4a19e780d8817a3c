"""What the commands load, loaded once: a process that is forked from this one begins with its work."""

import matplotlib.figure  # noqa: F401
import pyarrow.parquet  # noqa: F401
import torch

import doppelscan.audit
import doppelscan.cli
import doppelscan.generators
import doppelscan.quality
import doppelscan.release
import doppelscan.report
import doppelscan.studies
import doppelscan.utility  # noqa: F401

torch.set_num_threads(1)
