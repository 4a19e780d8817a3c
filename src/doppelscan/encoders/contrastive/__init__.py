"""A network trained to know the user's own images again after strong changes, with no other images."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.encoders.contrastive.encoder import ContrastiveEncoder
    from doppelscan.encoders.contrastive.fitting import fit, fitted
    from doppelscan.encoders.contrastive.settings import ContrastiveSettings

__all__ = ["ContrastiveEncoder", "ContrastiveSettings", "fit", "fitted"]

_HOMES = {
    "ContrastiveEncoder": "encoder",
    "ContrastiveSettings": "settings",
    "fit": "fitting",
    "fitted": "fitting",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
