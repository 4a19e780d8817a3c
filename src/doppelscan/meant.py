"""Which name was likely meant? The nearest of those that there are."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["near", "one_of"]

_NEAR = 0.7  # of difflib's ratio; at its own 0.6 --fit is near --out


def near(said: str, known: Iterable[str]) -> list[str]:
    """The few names that are most like what was said, the likest first."""
    from difflib import get_close_matches

    return get_close_matches(said, list(known), cutoff=_NEAR)


def one_of(said: str, known: Iterable[str]) -> str:
    """The cure where a name is not known: what there is, and first what was likely meant; `b` may stand for `a.b`.

    Examples
    --------
    >>> one_of("dppm", ["vae", "ddpm"])
    'did you mean ddpm? one of vae, ddpm'
    """
    names = list(known)
    short = {name.rpartition(".")[2]: name for name in names} | {name: name for name in names}
    found = near(said, short)[:1]
    meant = f"did you mean {short[found[0]]}? " if found else ""
    return f"{meant}one of {', '.join(names)}"
