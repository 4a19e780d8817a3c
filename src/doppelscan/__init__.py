"""doppelscan finds the synthetic medical images that copy a patient, and says how sure it is.

Examples
--------
>>> from doppelscan import open_images
>>> from doppelscan.audit import audit
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.estimates import Estimate
    from doppelscan.findings import Findings
    from doppelscan.imagesets import ImageSet, open_images

__version__ = "0.1.0.dev0"
__all__ = ["Estimate", "Findings", "ImageSet", "open_images"]

# So that `import doppelscan` and the command line do not wait for what they may not need.
_HOMES = {
    "Estimate": "estimates",
    "Findings": "findings",
    "ImageSet": "imagesets",
    "open_images": "imagesets",
}

__getattr__ = loaded_on_use(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
