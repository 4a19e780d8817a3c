"""What does one review hold? The queue, the pairs as they are shown, and what each reader said; nothing of the web."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doppelscan.errors import InputError, Problem
from doppelscan.findings import read_run
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.review.alike import Align, laid_alike
from doppelscan.review.images import Images
from doppelscan.review.laying import laid_by_points
from doppelscan.review.queue import QueuedPair, QueueSettings, queue_of
from doppelscan.review.verdicts import Label, PairKey, Verdict, Verdicts
from doppelscan.review.view import PairView
from doppelscan.workers import Progress, silent

__all__ = ["Desk", "NoSuchPair", "open_desk"]

_KEPT = 6  # pairs that are held ready


class NoSuchPair(Exception):
    """No pair of this review has this id."""


def open_desk(
    run: Path,
    settings: QueueSettings,
    moved: Mapping[str, ImageSet] | None = None,
    align: Align | None = None,
    progress: Progress = silent,
) -> Desk:
    """The review of a run; `moved` are the sets (`train`, `synthetic`, `holdout`) that are not where the run says.

    Where the run aligned pairs, `align` aligns the others of the queue, controls and all, in the same way, so that
    nobody tells them apart by it. Without it no pair is shown as the run aligned it.

    Raises
    ------
    InputError
        If there is no run, it is damaged, or it has no pair to read.
    """
    audit = read_run(run)
    queue = queue_of(audit, settings)
    if not queue:
        raise InputError(Problem("has no pair to read", where=str(run)))
    images = Images.of(audit.record, moved or {})
    laid = laid_alike(queue, images, audit.alignments, align, progress) if align else {}
    return Desk(queue, images, laid, Verdicts(run))


class Desk:
    """Pairs by ids that say nothing, in the order of the queue, for all readers of this run."""

    def __init__(
        self,
        queue: tuple[QueuedPair, ...],
        images: Images,
        laid: Mapping[PairKey, Placement],
        verdicts: Verdicts,
    ) -> None:
        self._pairs = {secrets.token_hex(8): pair for pair in queue}
        self._ids = {pair.key: name for name, pair in self._pairs.items()}
        self._images, self._laid, self._verdicts = images, laid, verdicts
        self._views: OrderedDict[str, _Shown] = OrderedDict()
        self._seen: dict[str, str] = {}  # the fingerprints of pairs that were shown
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pairs)

    def progress(self, reader: str) -> list[dict[str, Any]]:
        """Every pair in order, and what this reader said of it."""
        said = self._verdicts.standing(reader)
        return [
            {
                "id": name,
                "label": None if (one := self._still(name, said.get(pair.key))) is None else one.label,
            }
            for name, pair in self._pairs.items()
        ]

    def view(self, name: str) -> PairView:
        """A pair as it is shown; UnreadableImage where it cannot be."""
        pair = self._pair(name)
        with self._lock:
            shown = self._views.setdefault(name, _Shown())
            self._views.move_to_end(name)
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
        with shown.lock:
            if shown.view is None:
                shown.view = self._made(pair)
                self._seen[name] = shown.view.fingerprint
        return shown.view

    def verdict(self, name: str, reader: str) -> Verdict | None:
        """What this reader said of a pair; None too where it was said of other pixels."""
        return self._still(name, self._verdicts.standing(reader).get(self._pair(name).key))

    def say(self, name: str, reader: str, label: Label, comment: str) -> str:
        """Write what a reader says of a pair that can be seen; when it was."""
        return self._verdicts.add(reader, self._pair(name).key, label, comment, self.view(name).fingerprint)

    def undo(self, reader: str) -> str | None:
        """Withdraw the last verdict of this reader that stands; of which pair, None if there is none in the queue."""
        mine = [key for key in self._verdicts.standing(reader) if key in self._ids]
        if not mine:
            return None
        self._verdicts.withdraw(reader, mine[-1])
        return self._ids[mine[-1]]

    def close(self) -> None:
        """Leave the file of verdicts."""
        self._verdicts.close()

    def _pair(self, name: str) -> QueuedPair:
        if name not in self._pairs:
            raise NoSuchPair
        return self._pairs[name]

    def _still(self, name: str, verdict: Verdict | None) -> Verdict | None:
        """The verdict, unless the images have been seen to be others since."""
        if verdict is None or self._seen.get(name, verdict.fingerprint) != verdict.fingerprint:
            return None
        return verdict

    def _made(self, pair: QueuedPair) -> PairView:
        synthetic, training = self._images(pair)
        placement = self._laid.get(pair.key)
        if placement is not None and len(placement.offset) == len(synthetic.space):
            return PairView(synthetic, training, placement)
        return PairView(synthetic, training, laid_by_points(synthetic.pixels, training.pixels))


@dataclass
class _Shown:
    """A pair that is being made, or is there."""

    view: PairView | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
