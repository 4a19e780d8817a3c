"""What an audit concludes, as values that can be written and read. Knows no torch."""

from doppelscan.findings.alignments import AlignedPair, aligned_pairs, alignments_of
from doppelscan.findings.findings import FORMAT, Findings, IdentityError, RatesByTransform
from doppelscan.findings.run import Run, read_run, write_run
from doppelscan.findings.tables import ALIGNMENTS, CONTROLS, MATCHES, NULLS, most_suspicious

__all__ = [
    "ALIGNMENTS",
    "CONTROLS",
    "FORMAT",
    "MATCHES",
    "NULLS",
    "AlignedPair",
    "Findings",
    "IdentityError",
    "RatesByTransform",
    "Run",
    "aligned_pairs",
    "alignments_of",
    "most_suspicious",
    "read_run",
    "write_run",
]
