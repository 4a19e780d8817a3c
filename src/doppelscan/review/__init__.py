"""A person judges the matches of an audit: blinded, beside controls, in a local web application."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.review.desk import Desk, open_desk
    from doppelscan.review.queue import QueueSettings
    from doppelscan.review.readers import Readers, exported, known_copies_let_pass, readers_of
    from doppelscan.review.serving import Address, served
    from doppelscan.review.verdicts import LABELS, pair_fingerprint, verdicts_of

__all__ = [
    "LABELS",
    "Address",
    "Desk",
    "QueueSettings",
    "Readers",
    "exported",
    "known_copies_let_pass",
    "open_desk",
    "pair_fingerprint",
    "readers_of",
    "served",
    "verdicts_of",
]

_HOMES = {
    "LABELS": "verdicts",
    "Address": "serving",
    "Desk": "desk",
    "QueueSettings": "queue",
    "Readers": "readers",
    "exported": "readers",
    "known_copies_let_pass": "readers",
    "readers_of": "readers",
    "open_desk": "desk",
    "pair_fingerprint": "verdicts",
    "served": "serving",
    "verdicts_of": "verdicts",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
