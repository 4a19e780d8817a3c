"""Alignment: two images -> the transform that brings one onto the other, and how well they agree then."""

from doppelscan.registration.aligning import align, coarse, local_agreement
from doppelscan.registration.alignment import Alignment
from doppelscan.registration.settings import AlignmentSettings

__all__ = ["Alignment", "AlignmentSettings", "align", "coarse", "local_agreement"]
