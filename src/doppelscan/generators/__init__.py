"""Fit and draw: families of generators behind one contract (`family`), trained by one engine.

>>> from doppelscan.generators import Drawing, Model, fit, family_named
"""

from doppelscan.generators.external import External, Provenance, adopt
from doppelscan.generators.family import Drawing
from doppelscan.generators.fitting import amend, fit
from doppelscan.generators.journal import Diverged
from doppelscan.generators.model import Model
from doppelscan.generators.opening import Generator, open_generator
from doppelscan.generators.options import changed
from doppelscan.generators.registry import FAMILIES, family_named, family_of
from doppelscan.generators.watching import Keeping

__all__ = [
    "FAMILIES",
    "Diverged",
    "Drawing",
    "External",
    "Generator",
    "Keeping",
    "Model",
    "Provenance",
    "adopt",
    "amend",
    "changed",
    "family_named",
    "family_of",
    "fit",
    "open_generator",
]
