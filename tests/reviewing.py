"""A review in a process of its own, to be killed."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from doppelscan.review import QueueSettings, open_desk, served

CHOSEN = QueueSettings(n_pairs=100, n_controls=3)


def answer(run: str, told: Connection) -> None:
    """Serve a run to Ada, until killed; says at which address."""
    with served(open_desk(Path(run), CHOSEN), ["Ada"]) as service:
        told.send(service.urls["Ada"])
        service.run()
