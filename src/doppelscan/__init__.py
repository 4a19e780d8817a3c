"""doppelscan finds the synthetic medical images that copy a patient, and says how sure it is.

>>> from doppelscan import open_images
>>> from doppelscan.audit import audit
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from doppelscan.estimates import Estimate
    from doppelscan.findings import Findings
    from doppelscan.imagesets import ImageSet, open_images

__version__ = "0.1.0.dev0"
__all__ = ["Estimate", "Findings", "ImageSet", "open_images"]

# Loaded on first use, so that `import doppelscan` and the command line do not wait for torch.
_HOMES = {
    "Estimate": "doppelscan.estimates",
    "Findings": "doppelscan.findings",
    "ImageSet": "doppelscan.imagesets",
    "open_images": "doppelscan.imagesets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'doppelscan' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
