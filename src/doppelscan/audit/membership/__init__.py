"""Membership inference: does a model, or do its samples, give away who was in the training set."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.audit.membership.inferring import membership
    from doppelscan.audit.membership.settings import MembershipSettings

__all__ = ["MembershipSettings", "membership"]

_HOMES = {"MembershipSettings": "settings", "membership": "inferring"}

__getattr__ = loaded_on_use(__name__, _HOMES)
