"""An audit takes no more memory than it is given: the least that is taken as well."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from doppelscan.imagesets import ImageSet, save
from doppelscan.seeds import stream
from doppelscan.settings import parse_memory

LEAST, BEYOND = "768MB", 0.1


@pytest.mark.slow
def test_the_least_memory_that_is_taken_is_enough(tmp_path: Path) -> None:
    """Noise, which no bound helps with: blocks are as full as they may be."""
    words = [sys.executable, "-m", "doppelscan", "audit", "--method", "pearson", "--workers", "1"]
    words += ["--memory", LEAST, "--out", str(tmp_path / "run")]
    for name, n in (("train", 2000), ("synthetic", 400), ("holdout", 200)):
        pixels = stream(0, name).integers(0, 256, (n, 1, 128, 128)).astype(np.uint8)
        save(ImageSet.from_arrays(pixels), tmp_path / name)
        words += [f"--{name}", str(tmp_path / name)]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        peak = max(peak, _most_so_far(child.pid))
        time.sleep(0.1)
    assert child.returncode == 0
    assert 2**28 < peak <= (1 + BEYOND) * parse_memory(LEAST)


def _most_so_far(process: int) -> int:
    """Bytes that were resident at most since the program began; `ru_maxrss` knows what the process was before, too."""
    with contextlib.suppress(OSError):
        said = Path(f"/proc/{process}/status").read_text()
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", f"{said} VmHWM: 0 kB")[0])
    return 0
