"""Image to vector. `pixels`: the pixels themselves, centred and of unit length."""

from doppelscan.encoders.pixels import Unit, unit_vectors

__all__ = ["Unit", "unit_vectors"]
