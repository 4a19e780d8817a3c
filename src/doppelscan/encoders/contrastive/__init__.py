"""A network trained to know the user's own images again after strong changes, with no other images."""

from doppelscan.encoders.contrastive.encoder import ContrastiveEncoder
from doppelscan.encoders.contrastive.fitting import fit, fitted
from doppelscan.encoders.contrastive.settings import ContrastiveSettings

__all__ = ["ContrastiveEncoder", "ContrastiveSettings", "fit", "fitted"]
