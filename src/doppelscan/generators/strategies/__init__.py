"""How is an image made, from noise alone or from a real one? Strategies, as Sagers et al. 2023 tell them apart."""

from doppelscan.generators.strategies.derivation import Derivation, Origin
from doppelscan.generators.strategies.plan import Plan, Quota, Shard, read_plan
from doppelscan.generators.strategies.strategy import STRATEGIES, Strategy, strategy_named

__all__ = [
    "STRATEGIES",
    "Derivation",
    "Origin",
    "Plan",
    "Quota",
    "Shard",
    "Strategy",
    "read_plan",
    "strategy_named",
]
