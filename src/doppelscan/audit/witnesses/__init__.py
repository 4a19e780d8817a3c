"""Kinds of evidence that an image copies another: each names training images and says how like they are."""

from typing import TYPE_CHECKING

from doppelscan.audit.witnesses.correlated import Correlated, Posed
from doppelscan.audit.witnesses.witness import Exclude, Kind, Matcher, Witness
from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.audit.witnesses.aligned import Aligned
    from doppelscan.audit.witnesses.points import Points
    from doppelscan.audit.witnesses.tiles import Tiles

__all__ = ["Aligned", "Correlated", "Exclude", "Kind", "Matcher", "Points", "Posed", "Tiles", "Witness"]

__getattr__ = loaded_on_use(__name__, {"Aligned": "aligned", "Points": "points", "Tiles": "tiles"})
