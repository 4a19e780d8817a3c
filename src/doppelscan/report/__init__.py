"""What an audit found, as one page that opens anywhere. Knows no torch."""

from doppelscan.report.membership_page import membership_sentence, write_membership_page
from doppelscan.report.page import write_report
from doppelscan.report.power_figure import power_figure, write_power_figure
from doppelscan.report.roc_figure import roc_figure, write_roc_figure
from doppelscan.report.sentences import verdict_sentence
from doppelscan.report.study_page import write_study_page
from doppelscan.report.watch_figure import write_watch_figure

__all__ = [
    "membership_sentence",
    "power_figure",
    "roc_figure",
    "verdict_sentence",
    "write_membership_page",
    "write_power_figure",
    "write_report",
    "write_roc_figure",
    "write_study_page",
    "write_watch_figure",
]
