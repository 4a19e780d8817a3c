"""How sure a number is: intervals, conformal p-values by patient, tails, false discovery. Knows no image."""

from doppelscan.statistics.agreement import cohen_kappa, fleiss_kappa
from doppelscan.statistics.conformal import PatientNull, PValues
from doppelscan.statistics.detection import auc, sensitivity_at, sensitivity_specificity, threshold_at
from doppelscan.statistics.excess import excess_share
from doppelscan.statistics.intervals import binomial, clustered, widened
from doppelscan.statistics.multiple import flagged, q_values
from doppelscan.statistics.operating import least_negatives, true_positives_at
from doppelscan.statistics.outliers import outliers
from doppelscan.statistics.tails import Tail, fit_tail

__all__ = [
    "PValues",
    "PatientNull",
    "Tail",
    "auc",
    "binomial",
    "clustered",
    "cohen_kappa",
    "excess_share",
    "fit_tail",
    "flagged",
    "fleiss_kappa",
    "least_negatives",
    "outliers",
    "q_values",
    "sensitivity_at",
    "sensitivity_specificity",
    "threshold_at",
    "true_positives_at",
    "widened",
]
