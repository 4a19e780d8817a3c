"""Fit and draw: families of generators behind one contract (`family`), trained by one engine.

Examples
--------
>>> from doppelscan.generators import Drawing, Model, fit, family_named
"""

from doppelscan.generators.external import External, Provenance, adopt
from doppelscan.generators.family import Drawing
from doppelscan.generators.fitting import amend, fit
from doppelscan.generators.journal import Diverged
from doppelscan.generators.model import Model
from doppelscan.generators.opening import Generator, open_generator
from doppelscan.generators.options import changed
from doppelscan.generators.planned import sample_plan
from doppelscan.generators.registry import FAMILIES, family_named, family_of
from doppelscan.generators.strategies import STRATEGIES, Derivation, Plan, Quota, Shard, Strategy
from doppelscan.generators.watching import Keeping

__all__ = [
    "FAMILIES",
    "STRATEGIES",
    "Derivation",
    "Diverged",
    "Drawing",
    "External",
    "Generator",
    "Keeping",
    "Model",
    "Plan",
    "Provenance",
    "Quota",
    "Shard",
    "Strategy",
    "adopt",
    "amend",
    "changed",
    "family_named",
    "family_of",
    "fit",
    "open_generator",
    "sample_plan",
]
