"""What an audit found, as one page that opens anywhere. Knows no torch."""

from doppelscan.report.page import write_report
from doppelscan.report.sentences import verdict_sentence

__all__ = ["verdict_sentence", "write_report"]
