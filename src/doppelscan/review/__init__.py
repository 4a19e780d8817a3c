"""A person judges the matches of an audit: blinded, beside controls, in a local web application."""

from doppelscan.review.verdicts import LABELS, pair_fingerprint, verdicts_of

__all__ = ["LABELS", "pair_fingerprint", "verdicts_of"]
