"""Where are the real images? Where DOPPELSCAN_DATA says, else beside the clone."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DATA"]

DATA = Path(os.environ.get("DOPPELSCAN_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
