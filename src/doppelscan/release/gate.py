"""May these images be released? Every reason why not, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from doppelscan.errors import ReleaseBlocked
from doppelscan.findings import Findings
from doppelscan.findings.limits import copied_above
from doppelscan.release.selecting import Selection
from doppelscan.release.settings import REASONS, About, Limits

__all__ = ["Reason", "audit_reasons", "pass_or_block"]


@dataclass(frozen=True)
class Reason:
    """One thing against a release.

    Attributes
    ----------
    name
        One of `settings.REASONS`.
    what
        What was found, in words that may be published: numbers, and no names.
    cure
        What to do about it.
    details
        Names and places, for the owner's eyes only.
    """

    name: str
    what: str
    cure: str = ""
    details: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.name in REASONS, self.name

    def __str__(self) -> str:
        told = f"{self.name}: {self.what}" + (f" ({self.cure})" if self.cure else "")
        shown = [f"\n    {one}" for one in self.details[:10]]
        more = f"\n    and {len(self.details) - 10:,} more" if len(self.details) > 10 else ""
        return told + "".join(shown) + more


def audit_reasons(
    findings: Findings, selection: Selection, about: About, limits: Limits, unreadable: Sequence[str] = ()
) -> Iterator[Reason]:
    """What the audit, its readers and what is said of the release speak against it."""
    yield from _about_copies(findings, limits)
    yield from _about_the_audit(findings, unreadable)
    yield from _about_readers(selection, limits.review_top)
    if not about.licence:
        yield Reason("licence", f"{REASONS['licence']}", "--license CC-BY-4.0")
    if not about.training_licence:
        yield Reason("training_licence", f"{REASONS['training_licence']}", "--training-license")


def pass_or_block(reasons: Iterable[Reason], allow: Mapping[str, str]) -> list[tuple[Reason, str]]:
    """The reasons that are let pass, with their whys.

    Raises
    ------
    ReleaseBlocked
        If any is left; its message names all.
    """
    found = list(reasons)
    if left := [reason for reason in found if reason.name not in allow]:
        raise ReleaseBlocked([str(reason) for reason in left], tuple(reason.name for reason in left))
    return [(reason, allow[reason.name]) for reason in found]


def _about_readers(selection: Selection, top: int) -> Iterator[Reason]:
    most = f"of the {min(top, len(selection.passed))} most suspicious images that pass"
    if late := tuple(name for name, rank in selection.unreviewed.items() if rank <= top):
        what = f"{len(late)} {most} have not been looked at"
        yield Reason("unreviewed", what, "doppelscan review RUN, or another --review-top", late)
    if blindly := [name for name, rank in selection.blindly_reviewed.items() if rank <= top]:
        what = f"{len(blindly)} {most} were looked at only by readers who call at least half of the known copies novel"
        said = (
            f"{name}: {share.percent()} of {share.n} known copies" for name, share in selection.blind.items()
        )
        yield Reason("blind_readers", what, "let somebody else look: doppelscan review RUN", tuple(said))


def _about_copies(findings: Findings, limits: Limits) -> Iterator[Reason]:
    power = findings.power.overall
    if what := copied_above(findings, limits.max_copied):
        yield Reason("copied_share", what, "train for less copying, or another --max-copied")
    if len(findings.exposed) > limits.max_exposed:
        what = f"{len(findings.exposed)} patients are exposed by images that are withheld, {limits.max_exposed} may be"
        yield Reason("patients_exposed", what, "another --max-exposed", findings.exposed)
    if not power.known or power.low < limits.min_power:
        what = f"the audit finds {power.percent()} of planted copies: the lower limit is below {limits.min_power:g}"
        yield Reason("power", what, "audit with --method registered, or another --min-power")


def _about_the_audit(findings: Findings, unreadable: Sequence[str]) -> Iterator[Reason]:
    if not findings.shift_controlled:
        yield Reason("no_holdout", REASONS["no_holdout"], "audit with --holdout")
    if errors := findings.identity_errors:
        what = f"{len(errors)} pairs of real images of different patients are near-identical"
        pairs = tuple(
            f"{one.image_id} ({one.patient}), {one.other_id} ({one.other_patient})" for one in errors
        )
        yield Reason("identity_errors", what, "mend the patients' ids, and audit again", pairs)
    if derived := findings.derived:
        what = f"{derived.n + derived.n_null + derived.n_lost} {REASONS['derived_images']}"
        yield Reason("derived_images", what, "publish images that were drawn whole")
    if unreadable:
        what = f"{len(unreadable)} files could not be read"
        yield Reason("unreadable", what, "mend or remove them, and audit again", tuple(unreadable))
