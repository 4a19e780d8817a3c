"""Image to vector.

`pixels`: the pixels themselves, centred and of unit length. `contrastive`: a network trained on the user's own
images. `pretrained`: published networks, from files at hand.
"""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.encoders.pixels import Unit, unit_vectors

__all__ = ["Unit", "unit_vectors"]

__getattr__ = loaded_on_use(__name__, {"Unit": "pixels", "unit_vectors": "pixels"})
