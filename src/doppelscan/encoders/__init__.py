"""Image to vector.

`pixels`: the pixels themselves, centred and of unit length. `contrastive`: a network trained on the user's own
images. `pretrained`: published networks, from files at hand.
"""

from doppelscan.encoders.pixels import Unit, unit_vectors

__all__ = ["Unit", "unit_vectors"]
