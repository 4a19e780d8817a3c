"""Image to vector. `pixels`: its own pixels, centred, of unit length. `contrastive`: trained on the images. `pretrained`: published."""

from doppelscan.encoders.pixels import Unit, unit_vectors

__all__ = ["Unit", "unit_vectors"]
