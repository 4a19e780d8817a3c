"""May a generator be asked this? Options that it does not know, and labels that it has not, are refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields

from doppelscan.errors import InputError, Problem
from doppelscan.generators.family import Drawing

__all__ = ["refuse_unknown"]


def refuse_unknown(
    options: Drawing, *, generator: str, known: Collection[str], labels: Sequence[str], unlabelled: str
) -> None:
    """Refuse options beyond those that are known, and a label that is none of these; `unlabelled` says why.

    Raises
    ------
    InputError
        If there are such, all of them named.
    """
    given = {field.name for field in fields(options) if getattr(options, field.name) is not None}
    problems = [
        Problem(f"{generator} knows no {name}", where=f"--{name}", cure="leave it out")
        for name in sorted(given - set(known) - {"label"})
    ]
    if options.label is not None and options.label not in labels:
        cure = f"one of {', '.join(labels)}" if labels else unlabelled
        problems.append(Problem(f"{options.label!r} is no label of the model", where="--label", cure=cure))
    if problems:
        raise InputError(problems)
