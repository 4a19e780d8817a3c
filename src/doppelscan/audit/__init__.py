"""Which synthetic images copy a patient, how sure is that, and what would have been found."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.audit.auditing import Audited, audit, audited
    from doppelscan.audit.measuring import power
    from doppelscan.audit.power_settings import PowerSettings
    from doppelscan.audit.settings import AuditSettings

__all__ = ["AuditSettings", "Audited", "PowerSettings", "audit", "audited", "power"]

_HOMES = {
    "AuditSettings": "settings",
    "Audited": "auditing",
    "PowerSettings": "power_settings",
    "audit": "auditing",
    "audited": "auditing",
    "power": "measuring",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
