"""Do synthetic images look real, and are they diverse? With what a perfect generator would get beside each number."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.quality.measuring import Done, measured, quality
    from doppelscan.quality.settings import QualitySettings

__all__ = ["Done", "QualitySettings", "measured", "quality"]

_HOMES = {"Done": "measuring", "QualitySettings": "settings", "measured": "measuring", "quality": "measuring"}

__getattr__ = loaded_on_use(__name__, _HOMES)
