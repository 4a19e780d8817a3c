"""Do synthetic images help a classifier? A grid, with controls that tell new images from more steps."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.utility.fitted import Drawn, Refitted
    from doppelscan.utility.makers import Augmented, Duplicated, Given, Maker
    from doppelscan.utility.measuring import Done, measured, utility
    from doppelscan.utility.settings import UtilitySettings

__all__ = [
    "Augmented",
    "Done",
    "Drawn",
    "Duplicated",
    "Given",
    "Maker",
    "Refitted",
    "UtilitySettings",
    "measured",
    "utility",
]

_HOMES = {
    "Augmented": "makers",
    "Done": "measuring",
    "Drawn": "fitted",
    "Duplicated": "makers",
    "Given": "makers",
    "Maker": "makers",
    "Refitted": "fitted",
    "UtilitySettings": "settings",
    "measured": "measuring",
    "utility": "measuring",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
