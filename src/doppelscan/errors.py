"""What can go wrong, as one tree.

::

    DoppelscanError
    ├── InputError            bad input or usage; holds every problem of that input (exit code 2)
    │   ├── FormatError       an artefact of ours that is damaged, unknown or too new
    │   └── MissingExtra      an optional package is absent; names the extra that brings it
    ├── UnreadableImage       one file or frame cannot be read, and why; scans list it and go on
    └── GateFailed            the work is done and its result is above the limit given (exit code 1)
        └── ReleaseBlocked    something speaks against a release; holds every reason
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "DoppelscanError",
    "FormatError",
    "GateFailed",
    "InputError",
    "MissingExtra",
    "Problem",
    "ReleaseBlocked",
    "UnreadableImage",
]


PAGES = "https://github.com/doppelscan/doppelscan/blob/main/docs/"  # where the documentation is read


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: what it is, where it is, what cures it, and the `page` that explains it."""

    what: str
    where: str = ""
    cure: str = ""
    page: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" ({self.cure})" if self.cure else "")


class DoppelscanError(Exception):
    """Every error that doppelscan raises on purpose. One that a worker raises arrives as it was.

    `pages` are those of the documentation, below `docs/`, that explain it.
    """

    pages: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[object, ...]:
        return _as_it_was, (type(self), self.args, self.__dict__)


class InputError(DoppelscanError):
    """Input or usage that cannot be worked with; its message names all problems at once."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        assert self.problems, "an InputError needs a problem"
        self.pages = tuple(dict.fromkeys(problem.page for problem in self.problems if problem.page))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FormatError(InputError):
    """An artefact of doppelscan's own that is damaged, of another kind, or of a newer version."""


class MissingExtra(InputError):
    """An optional package that this call needs is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        cure = f"pip install 'doppelscan[{extra}]'"
        super().__init__(Problem(f"{purpose} needs {package}", cure=cure, page="howto/install.md#extras"))


class UnreadableImage(DoppelscanError):
    """One file, or one frame of it, that could not be read: `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class GateFailed(DoppelscanError):
    """The result is above a limit that the caller set; nothing went wrong on the way."""

    def __init__(self, message: str, page: str = "") -> None:
        self.pages = (page,) if page else ()
        super().__init__(message)


class ReleaseBlocked(GateFailed):
    """Something speaks against a release: `names` are those of all reasons, the message says each."""

    def __init__(self, reasons: Iterable[str], names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__("\n".join(["the release is blocked:", *reasons]), page="howto/release.md")


def _as_it_was(
    kind: type[DoppelscanError], args: tuple[object, ...], held: dict[str, object]
) -> DoppelscanError:
    """An error with what it said and held, which its own `__init__` would put together anew."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error
