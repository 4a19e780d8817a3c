"""Which synthetic images copy a patient, and how sure is that."""

from doppelscan.audit.auditing import audit
from doppelscan.audit.settings import AuditSettings

__all__ = ["AuditSettings", "audit"]
