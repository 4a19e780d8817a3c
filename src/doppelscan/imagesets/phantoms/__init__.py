"""Cohorts of invented patients, of known truth: images that are made, not found."""

from doppelscan.imagesets.phantoms.brain import brain
from doppelscan.imagesets.phantoms.chest import chest
from doppelscan.imagesets.phantoms.cohort import Cohort
from doppelscan.imagesets.phantoms.skin import skin

__all__ = ["Cohort", "brain", "chest", "skin"]
