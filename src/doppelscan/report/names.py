"""What patients and real images are called on the page: by their own names, or by neutral ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from doppelscan.findings import Run
from doppelscan.report.pairs import best_pairs

__all__ = ["Names"]

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Names:
    """How the page calls patients and real images.

    An image of unknown patient stands for a patient of its own, under the image's name.
    Where the training data are redacted, `patients` and `images` give each a neutral label, and whatever
    they do not hold is called withheld: an identifier never passes through by omission.
    """

    redacted: bool = False
    patients: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(run: Run, *, redacted: bool) -> Names:
        """The names for one run's page; neutral labels count in the order of suspicion."""
        if not redacted:
            return Names()
        pairs, errors = best_pairs(run.matches), run.findings.identity_errors
        patients = [pair.train_id if pair.patient is None else pair.patient for pair in pairs]
        patients += run.findings.exposed
        patients += [name for error in errors for name in (error.patient, error.other_patient)]
        images = [pair.train_id for pair in pairs]
        images += [name for error in errors for name in (error.image_id, error.other_id)]
        return Names(
            redacted=True, patients=_numbered(patients, "patient"), images=_numbered(images, "real image")
        )

    def patient(self, name: str | None) -> str:
        """What this patient is called; `unknown` where there is no name."""
        return self._called(name, self.patients)

    def image(self, name: str | None) -> str:
        """What this real image is called."""
        return self._called(name, self.images)

    def _called(self, name: str | None, labels: Mapping[str, str]) -> str:
        if name is None:
            return UNKNOWN
        return labels.get(name, "withheld") if self.redacted else name


def _numbered(names: Iterable[str | None], noun: str) -> dict[str, str]:
    known = dict.fromkeys(name for name in names if name is not None)
    return {name: f"{noun} {place}" for place, name in enumerate(known, start=1)}
