"""How does a volume reach niivue, and where is niivue? As NIfTI of voxels alone; in a folder that npm made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import InputError, Problem

__all__ = ["as_nifti", "niivue_in"]

_PLACES = ("dist/index.js", "node_modules/@niivue/niivue/dist/index.js")


def niivue_in(folder: Path) -> bytes:
    """The ES module of niivue: from its own folder, or from one in which `npm install @niivue/niivue` was run.

    Raises
    ------
    InputError
        If it is not there.
    """
    for place in _PLACES:
        if (folder / place).is_file():
            return (folder / place).read_bytes()
    cure = "run `npm install @niivue/niivue` in it"
    raise InputError(Problem("holds no niivue", where=f"--niivue {folder}", cure=cure))


def as_nifti(voxels: Shaped[np.ndarray, "x y z"], spacing_mm: tuple[float, ...] | None) -> bytes:
    """The file, not compressed: shape, type, spacing and voxels, and nothing that says whose they are."""
    import nibabel

    size = spacing_mm or (1.0, 1.0, 1.0)
    image: Any = nibabel.Nifti1Image(voxels, np.diag([*size, 1.0]))  # type: ignore[no-untyped-call]
    return bytes(image.to_bytes())
