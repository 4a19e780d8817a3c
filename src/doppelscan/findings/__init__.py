"""What an audit concludes, as values that can be written and read. Knows no torch."""

from doppelscan.findings.findings import FORMAT, Findings, IdentityError, RatesByTransform
from doppelscan.findings.run import Run, read_run, write_run
from doppelscan.findings.tables import CONTROLS, MATCHES, NULLS

__all__ = [
    "CONTROLS",
    "FORMAT",
    "MATCHES",
    "NULLS",
    "Findings",
    "IdentityError",
    "RatesByTransform",
    "Run",
    "read_run",
    "write_run",
]
