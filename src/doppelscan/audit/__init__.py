"""Which synthetic images copy a patient, how sure is that, and what would have been found."""

from doppelscan.audit.auditing import audit
from doppelscan.audit.measuring import power
from doppelscan.audit.power_settings import PowerSettings
from doppelscan.audit.settings import AuditSettings

__all__ = ["AuditSettings", "PowerSettings", "audit", "power"]
