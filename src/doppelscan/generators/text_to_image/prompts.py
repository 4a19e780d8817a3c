"""What is a model told of an image in words? A template, filled with what the columns of the table hold."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from doppelscan.errors import InputError, Problem

__all__ = ["columns_of", "filled"]

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def columns_of(template: str) -> tuple[str, ...]:
    """The columns that a template names, each once, in order.

    Examples
    --------
    >>> columns_of("An image of {label}[, Fitzpatrick type {skin_tone}]")
    ('label', 'skin_tone')

    Raises
    ------
    InputError
        If a brace or a bracket stands alone, or a name is none.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise _wrong(template, str(error)) from error
    names = [name for _, name, form, conversion in parts if name is not None and not form and not conversion]
    if len(names) < sum(name is not None for _, name, _, _ in parts) or not all(map(str.isidentifier, names)):
        raise _wrong(template, "braces hold names of columns")
    if re.search(r"[\[\]]", _OPTIONAL.sub("", template)):
        raise _wrong(template, "a square bracket stands alone, or within others")
    return tuple(dict.fromkeys(names))


def filled(template: str, values: Mapping[str, str | None]) -> str:
    """The template with these values; brackets in which one is null are left out, and without them nothing is said.

    Examples
    --------
    >>> filled("A {label}[, type {tone}]", {"label": "nevus", "tone": None})
    'A nevus'
    >>> filled("A {label}[, type {tone}]", {"label": None, "tone": "V"})
    ''
    """

    def optional(found: re.Match[str]) -> str:
        return found[1] if all(values.get(name) is not None for name in columns_of(found[1])) else ""

    said = _OPTIONAL.sub(optional, template)
    needed = columns_of(said)
    if any(values.get(name) is None for name in needed):
        return ""
    return said.format_map({name: values[name] for name in needed})


def _wrong(template: str, why: str) -> InputError:
    cure = 'such as "An image of {label}[, Fitzpatrick type {skin_tone}]"'
    return InputError(Problem(f"{template!r}: {why}", where="prompt", cure=cure))
